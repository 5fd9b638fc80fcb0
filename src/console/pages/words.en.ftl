# All words of the console, in English: the language that has every message.
#
# Another language is another file beside this one, `words.LANGUAGE.ftl` (`words.de.ftl`), with the same messages and
# the same `$arguments`; what it lacks is said in English. A message with tags in it keeps them, and may move them.
# Counts come as numbers: a language has the plurals it needs. The syntax is Project Fluent's.

## How numbers, moments and lengths are written

# One of , . ’ or a no-break space.
between-digits = ,
number = { $count }
moment = { $day } { $month } { $year } { $time }
day = { $day } { $month } { $year }
month-of-year = { $month } { $year }
month =
    { $month ->
        [1] January
        [2] February
        [3] March
        [4] April
        [5] May
        [6] June
        [7] July
        [8] August
        [9] September
        [10] October
        [11] November
       *[12] December
    }
month-short =
    { $month ->
        [1] Jan
        [2] Feb
        [3] Mar
        [4] Apr
        [5] May
        [6] Jun
        [7] Jul
        [8] Aug
        [9] Sep
        [10] Oct
        [11] Nov
       *[12] Dec
    }
weekday =
    { $day ->
        [1] Monday
        [2] Tuesday
        [3] Wednesday
        [4] Thursday
        [5] Friday
        [6] Saturday
       *[7] Sunday
    }
weekday-short =
    { $day ->
        [1] Mon
        [2] Tue
        [3] Wed
        [4] Thu
        [5] Fri
        [6] Sat
       *[7] Sun
    }
span-short = less than a minute
span-minutes =
    { $count ->
        [one] { $count } minute
       *[other] { $count } minutes
    }
span-hours =
    { $count ->
        [one] { $count } hour
       *[other] { $count } hours
    }
span-days =
    { $count ->
        [one] { $count } day
       *[other] { $count } days
    }
size-bytes =
    { $count ->
        [one] { $count } byte
       *[other] { $count } bytes
    }
size-kb = { $count } KB
size-mb = { $whole }.{ $tenths } MB
people =
    { $count ->
        [one] { $count } person
       *[other] { $count } people
    }
all-of = { $before } and { $last }
any-of = { $before } or { $last }

## The frame of every page

skip = Skip to the page
menu = Main
menu-more = More
title-queue = Queue
title-mailings = Mailings
title-calendar = Calendar
title-monitor = Monitor
title-mine = Yours
title-explain = Try a message
title-emergency = Emergency
title-audit = Audit trail
refresh = Refresh
sign-out = Sign out
sign-out-everywhere = Sign out everywhere
to-the-queue = To the queue

## What a mailing is

subject-none = (no subject)
audience-named =
    { $count ->
        [one] { $count } person its author named
       *[other] { $count } people its author named
    }
audience-beside =
    { $count ->
        [one] { $count } person named beside
       *[other] { $count } people named beside
    }
selection-but = { $all }; but not { $but }
consent-not-needed = no consent needed
consent-not-withdrawn = only who has not said no
consent-opt-in = only who has said yes
proof-login = signed in to this gateway
proof-relay = signed in to the campus mail server, which says so
proof-signature = known by the signature of their own domain (DKIM)
category-critical = critical
category-official = official
category-informational = informational
category-event = event
category-survey = survey
category-marketing = marketing
identity-keep = the author's own
submitted = Submitted

## Its state

state-wants-approval = Waits for approval
state-wants-author = Waits for its author
state-ready = Ready to release
state-returned = Returned
state-released = Released
state-expanded = Being sent
state-paused = Paused
state-stopped = Stopped
state-closed = Sent
state-declined = Declined
state-lapsed = Lapsed
state-withdrawn = Withdrawn
state-converted = Made a request
state-combined = Combined
urgent = Emergency

## Where it stands

standing = Where it stands
waits-for-author = Returned by { $who } on { $when }: its author sends it anew, under the same number.
waits-for-yes = A reviewer has changed it, and its author has still to agree.
waits-for-reviewer = Nobody's approval is wanting: a reviewer can release it.
waits-for-offices = Waits for the approval of { $offices }; then a reviewer can release it.
office-approved = <strong>{ $office }</strong> approved, by { $who } on { $when }
office-wanted = <strong>{ $office }</strong> has not answered yet
office-voided = <strong>{ $office }</strong> is asked again: since { $who } approved, the audience has changed by { $percent } % ({ $joined } joined, { $left } left)
drifted = Since the { $office } approved, about { $joined } have joined and { $left } have left of { $then }: { $percent } %. Beyond { $most } % its approval no longer counts.
due-steward = asked for { $span }, wanted by { $when }
due-reviewer = A reviewer has been asked for { $span }, and is to decide by { $when }.
late = Late
claimed-by = { $who } has taken it on, on { $when }.
scheduled = Put to leave from { $when } on.
lapses = Without a decision it lapses on { $when }.
released-by = Released by { $who } on { $when }.
released-by-policy = Passed by the policy on { $when }.
released-later = { $released } The first copy leaves on { $when }.
released-soon = { $released } The first copies leave in a moment.
planned =
    { $copies ->
        [one] { $copies } copy planned.
       *[other] { $copies } copies planned.
    }
planned-without =
    { $copies ->
        [one] { $copies } copy planned; { $people } left out.
       *[other] { $copies } copies planned; { $people } left out.
    }
planned-braked = { $planned } The gateway paused it: { $why }. No further copy leaves until a reviewer or postmaster has looked and resumes it.
planned-paused = { $planned } { $by } has paused it: no further copy leaves until a reviewer or postmaster resumes it.
stopped-by = Stopped by { $who } on { $when }. No further copy leaves.
closed = The last copy was settled on { $when }.
ended-lapsed = Nobody decided in time; it lapsed on { $when }. No copy was sent.
ended-combined = Since { $when } it is { $whole }, and goes out with that.
ended-by = By { $who } on { $when }. No copy was sent.
settled = Copies settled
settled-of = { $settled } of { $planned } copies settled
settled-sentence = { $state } { $settled }.
copies-accepted = accepted by the next server
copies-deferred = waiting for another attempt
copies-failed = failed
copies-suppressed = dropped out since
copies-uncertain = uncertain

## Copies that may have arrived

uncertain = Copies that may have arrived
uncertain-why = The connection broke after the last word of these copies, or the gateway was stopped in that moment. Each may have arrived.
uncertain-number = Recipient
uncertain-who = To
uncertain-since = Since
uncertain-stands = What is done
uncertain-hidden = Somebody who is not to be shown
uncertain-waits = Waits for a decision
uncertain-again = Gets another on { $when }
uncertain-under-way = Another is under way
uncertain-taken = Another was taken
uncertain-over = Gets no other
uncertain-more =
    { $count ->
        [one] and one more
       *[other] and { $count } more
    }

## What somebody can do

acts = What you can do
act-release = Release to { $people }
act-release-despite = Release despite the editorial checks…
act-release-now = Release at once…
act-approve = Approve for the { $office }
act-pause = Pause
act-resume = Resume
act-confirm = Confirm the emergency
act-reviewed = I have read it
act-agree = I agree to the change
act-claim = Take it on
act-unclaim = Let go of it
act-test = Send me a test copy
act-schedule = Schedule…
act-schedule-do = Put it to leave then
act-edit = Change a passage…
act-edit-do = Change it
act-attest = These are people I work with…
act-attest-do = Send it on my word
act-convert = Make it a request to a list…
act-convert-do = Make it a request
act-survey = Say whose survey it is…
act-survey-do = Note it
act-return-or-decline = Return or decline…
act-decline-or-not = Decline…
act-return = Return for changes
act-decline = Decline
act-withdraw = Withdraw…
act-withdraw-do = Withdraw it
act-uncertain = Copies that may have arrived…
act-uncertain-resend = Send them another
act-uncertain-hold = Let them wait for a decision
act-uncertain-leave = Send them no other
uncertain-note = When a connection breaks after the last word of a copy, nobody can know whether it arrived. Whoever gets another may see the same message twice, unless their mail program knows it by its Message-ID.
act-stop = Stop for good…
act-stop-do = Stop it for good
field-despite = Why it goes all the same <small>kept in the audit trail</small>
field-now = Why it leaves at once <small>kept in the audit trail</small>
field-now-or-hours = Why it leaves at once <small>kept in the audit trail; empty, it leaves in its hours</small>
field-when = Leave from <small>empty: as soon as it is released. Who has approved is asked again</small>
field-before = This passage <small>as it stands in subject or text</small>
field-after = becomes
field-attest = Who they are <small>kept in the audit trail; it goes at once</small>
field-list = List <small>its contacts come from the master list; the people you named are not written to</small>
field-survey = Survey <small>one line each; it cannot be released before</small>
field-comment = Comment <small>its author is sent it</small>
edit-note = A few mistyped words are mended at once; for more its author is asked. Who has approved is asked again.
withdraw-note = Nothing is sent, and nobody is asked any more. To send it after all, submit it anew.
stop-note = No further copy leaves, ever. Copies that have left cannot be called back.
slot-now = Released now, the copies would begin to leave at once, and the last on { $ends }.
slot-later = Released now, the copies would begin to leave on { $when }, and the last on { $ends }.
why-not-release = You cannot release it: { $why }.
comment-too-long = A comment has at most { $most } characters.

## One mailing

findings = Why it is held
asks-hold = Holds it
asks-note = Note
asks-refuse = Refuses it
finding-source = { $asks } · { $rule } · policy { $clause }
version = Version { $number }
version-since = Since version { $number }
version-of = of { $when }, followed by { $who }
version-same = Subject and text are as they were.
version-changes = What has changed since version { $number }
checks = What the editorial checks say
checks-blocking =
    { $count ->
        [one] { $count } editorial check blocks the release
       *[other] { $count } editorial checks block the release
    }
checks-warning =
    { $count ->
        [one] { $count } thing better mended
       *[other] { $count } things better mended
    }
level-block = blocks the release
level-warn = better mended
level-info = good to know
remark-mend = Mend it so
who = Who
who-author = Author
who-affiliated = Unit
who-affiliation-unit = { $kind }, { $unit }
who-undisclosed = not to be disclosed
who-unknown = not in the master list
who-history = Their others
who-proof = Known how
who-category = Category
who-identity = From of the copies
history = { $released } released, { $waiting } waiting, { $declined } declined lately
history-none = no other cases lately
history-first = first-time sender
whom = To whom
whom-audience = Meant for { $audience }.
whom-list = { $list } is everybody with { $selection }.
reach-would = <strong>{ $people }</strong> would get a copy
reach-planned = <strong>{ $people }</strong> in the plan
reach-nobody = <strong>Nobody</strong> got a copy
left-out = Left out
left-out-invalid = no usable address
left-out-do-not-contact = do not contact
left-out-suppressed = never written to
left-out-complaint = complained
left-out-bounce = address takes no mail
left-out-unsubscribed = unsubscribed
left-out-preference = chose otherwise
left-out-no-consent = no consent
left-out-protected = protected by law
left-out-over-cap = got enough lately
left-out-duplicate = in it twice
whom-providers = Where they read it
provider-others = other domains
plan = When the copies would leave
plan-begins = They begin on { $when }, the last leaves on { $ends }.
plan-begins-now = Released now they begin at once, and the last leaves on { $ends }.
plan-first = { $copies } go first, some to each provider. The rest follows on { $when }, if those fare well; if not, the gateway pauses it and says why.
plan-provider = Read at
plan-people = People
plan-pace = At most
plan-ends = Until
plan-note = As the limits stand now. While all goes well the pace grows; other mailings at the same time share it.
pace-second = { $count } a second
pace-minute = { $count } a minute
pace-each = each domain at its own pace
pace-silent = { $pace }, and nothing until { $when }: it turns our mail away now
pace-today = { $pace }, { $left } today
pace-warming-up = { $pace }, { $left } today while they get to know us
whom-pressed = In the last 7 days
pressed-one = { $people } of them got 1 of our mailings
pressed-two = { $people } of them got 2 of our mailings
pressed-three = { $people } of them got 3 or more of our mailings
whom-samples = A few of them, masked
whom-got-it = Did somebody get it? Look them up
whom-counted = Counted in the master list on { $when }; counted anew when it is sent.
similar = Much the same, lately
similar-compare = Compare
similar-compared = What differs from { $id }
strip = To the same people in these days
similar-of = { $state }, of { $when }
letter = What they get
letter-none = The mail cannot be shown.
letter-broken = The mail cannot be shown. The postmaster finds the reason in the log.
letter-preheader = Beside the subject
letter-size = { $words } words · { $size }
pictures-unfit =
    { $count ->
        [one] { $count } picture it carries is not shown here: it is too large, or none of PNG, JPEG, GIF and WebP.
       *[other] { $count } pictures it carries are not shown here: they are too large, or none of PNG, JPEG, GIF and WebP.
    }
pictures-remote =
    { $count ->
        [one] { $count } picture is elsewhere, and not loaded: looking here tells nobody.
       *[other] { $count } pictures are elsewhere, and not loaded: looking here tells nobody.
    }
letter-attachments = Attachments
letter-html = As HTML
letter-frame = The mail as HTML, without links
letter-title = The mail
letter-links = Where its links lead
link-elsewhere = not ours
link-plain = not encrypted
link-short = hides where it leads
link-survey = survey
letter-as-text = As text
letter-text = The mail as text
letter-cut = Only its beginning is shown.
look = How it is looked at
look-plain = As it comes
look-phone = On a phone
look-dark = In the dark
look-pictures = Its own pictures
look-without = Without pictures
look-with = With its own pictures
trail = What was done
trail-empty = Nothing yet.
trail-by = by { $who }
trail-suppressed =
    { $count ->
        [one] Left out here: { $count } earlier line of who is not written to again.
       *[other] Left out here: { $count } earlier lines of who is not written to again.
    }

## The queue

queue-summary = { $count } waiting, { $yours } of them for you. Who came first is served first.
queue-summary-none = Nothing waits.
queue-yours = Waits for you
queue-yours-none = Nothing waits for you.
queue-others = Waits for others
queue-others-none = Nothing else waits.
queue-more = { $count } more wait behind these.
queue-show = Show
queue-keys = <kbd>j</kbd> and <kbd>k</kbd> go from row to row, <kbd>/</kbd> to the search.
field-search = Search
field-search-note = number, subject or author
field-whose = Whose turn
whose-anybody = anybody's
whose-mine = those I have taken on
whose-free = those nobody has taken on
whose-steward = a steward's
whose-author = its author's
field-order = Order
order-first = who came first
order-last = who came last
order-lapses = what lapses first
row-from = From
row-to = To
row-wanted = Wanted
row-claimed = Taken on by
row-waiting = Waiting
wanted-reviewer = a reviewer
wanted-author = its author
tick = Tick { $id }
several = With those you have ticked
several-claim = Take them on
several-combine = Make one mailing of them…
several-combine-do = Combine them
several-none = Tick those you mean first.
several-claimed =
    { $count ->
        [one] You have taken on { $count } mailing.
       *[other] You have taken on { $count } mailings.
    }
several-claimed-not-all = { $claimed } Not all: { $why }.
field-subject = Subject of the whole <small>they must be for the same lists; each author is told</small>

## What leaves now

monitor-report = The report of the month
monitor-nothing = No mailing is under way.
monitor-leaving =
    { $count ->
        [one] { $count } mailing is under way.
       *[other] { $count } mailings are under way.
    }
monitor-paused =
    { $count ->
        [one] { $leaving } { $count } is paused.
       *[other] { $leaving } { $count } are paused.
    }
monitor-braked =
    { $count ->
        [one] { $leaving } The gateway has paused { $count } of them: a person must look, and resume it or stop it.
       *[other] { $leaving } The gateway has paused { $count } of them: a person must look, and resume them or stop them.
    }
monitor-house = Everything together
monitor-pace = copies taken, over the last minute
monitor-hour = taken in the last hour
monitor-left = still to leave
monitor-deferred = of these put off
monitor-conveyed = letters and notices among them
monitor-quiet = No copy has left in the last hour.
monitor-mailings = Mailings under way
monitor-none = What is released appears here as soon as its first copies leave.
monitor-now = { $pace } over the last minute.
monitor-slice = A slice of { $copies } goes first.
monitor-slice-waits = The first { $copies } have gone; the rest waits until { $when } to see how they fare.
monitor-later = It goes on at { $when }, and the last copy is expected to leave at { $ends }.
monitor-ends = The last copy is expected to leave at { $ends }.
monitor-silent = Nothing goes to { $who } now; why, and until when, stands below.
monitor-tried = Every copy has been tried at least once.
monitor-brake = The gateway paused it: { $why }. It waits for a reviewer or postmaster.
monitor-warned = A warning: { $why }.
monitor-sites = How whoever receives stands
monitor-no-sites = No mail has left yet.
monitor-more-sites =
    { $count ->
        [one] { $count } more that is well is not shown.
       *[other] { $count } more that are well are not shown.
    }
monitor-explain = <code>bedel shape explain gmail.com</code> says what a copy for one domain would wait for. What each figure means, and what to do when it is red, is in <code>docs/monitoring.md</code>.
chart-hour = Copies from { $from } to { $to }, minute by minute; at most { $peak }.
chart-course = Copies of this mailing from { $from } to { $to }; at most { $peak }.
chart-column = { $time }: { $accepted } accepted, { $deferred } put off, { $failed } failed
chart-accepted = accepted
chart-deferred = put off
chart-failed = failed
fares-planned = Planned
fares-accepted = Accepted
fares-deferred = Put off
fares-failed = Failed
fares-uncertain = Uncertain
fares-replies = Said most
site-host = next hop
site-domain = domain
site-provider = provider
site-slowed = slowed
site-pace = Pace
site-connections = Connections
site-on-one = Copies on one
site-today = Today
site-of = { $count } of { $most }
site-slower = { $now }, at most { $most }
site-range = { $now }, between { $start } and { $max }
site-left = { $left } of { $messages } left
site-warming-up = { $left } of { $messages } left, while they get to know us
site-waits = Waits for { $sentence }
site-tried = The next copy for it tries whether it goes again. Nothing went because of: { $why }
breaker-closed = mail goes
site-spent = no more today
breaker-half-open = one connection tries
breaker-open = nothing goes

## Mailings, calendar, one's own, the trail

by-state = By state
filter-all = All
filter-held = Held
mailings-none = No mailing is in this state.
mailings-older = Older mailings are not shown here.
calendar-months = Months
calendar-before = Before
calendar-now = This month
calendar-after = After
calendar-note = What went to whom, and what is to go. Nothing begins to leave on shaded days.
calendar-none = Nothing goes out in these weeks, as far as anybody has said.
calendar-more = and { $count } more
field-audience = Audience
audience-all = all
away = Away
away-until = You are away until { $until }; meanwhile your deputies are asked.
away-do = Ask my deputies meanwhile
away-change = Change it; empty: I am back
field-away = Away until
sent = What you have sent
sent-none = You have sent nothing to a list yet. Write in your mail program to a list's address; what becomes of it stands here.
audit-note = Who did what, newest first. Each line is bound to the one before it; <code>bedel audit verify</code> walks the whole chain.
audit-empty = Nothing has been done yet.
audit-older = Older lines: <code>bedel audit show</code>.
done-refused = refused
done-held = held
done-passed = passed
done-approved = approved
done-released = released
done-returned = returned
done-claimed = taken on
done-scheduled = scheduled
done-renewed = another version
done-edited = changed
done-agreed = agreed to
done-tested = tried
done-voided = approvals void
done-kept-out = declined in part
done-combined = combined
done-reminded = reminded
done-declined = declined
done-lapsed = lapsed
done-withdrawn = withdrawn
done-attested = attested
done-converted = made a request
done-survey-named = survey named
done-armed = second factor shown
done-emergency = emergency
done-confirmed = emergency confirmed
done-reviewed = emergency read
done-let-out = contact data let out
done-rosters = rosters imported
done-expanded = expanded
done-warned = warned: near the limits
done-paused = paused
done-resumed = resumed
done-doubted = said what is done about copies whose end is uncertain
done-stopped = stopped
done-closed = closed
done-suppressed = suppressed
done-imported = imported
done-feed-failed = feed not applied
done-canary = canary written to
done-looked-up = looked up
done-forgotten = forgotten
done-account = account
done-complained = A recipient on campus complained
done-chose = choice made
done-returning = mail wanted again
done-copy-given = copy of a record given
done-erasure-asked = erasure asked for
done-rotated = sealed anew
done-reloaded = reloaded
## Try a message

explain-note = See what would happen to a message before anybody sends it. Nothing is taken, held or sent.
explain-form = A message to try
explain-do = See what would happen
explain-pass = passes
explain-pass-means = It would be sent on at once.
explain-hold = held
explain-hold-means = It would be held as a numbered case, and its author told.
explain-refuse = refused
explain-refuse-means = It would not be taken; the mail program would show the reason.
explain-approve = Would approve
explain-approve-nobody = nobody
explain-recipients = Would get a copy
explain-left-out = Left out: { $reason }
explain-leaves = Could leave
explain-policy = What the policy says
explain-no-rule = No rule has anything to say.
explain-no-message = Choose a message first: an .eml file.
explain-no-recipient = Say to whom it would go.
explain-no-address = `{ $text }` is no address: { $why }.
explain-no-time = `{ $text }` is no time; write such as 2026-11-24T09:00.
explain-zone = the campus's zone
field-message = The message <small>an .eml file: drop it here, or choose it; mail programs save one with “Save as”</small>
field-sender = Who would send it
field-to = To whom <small>lists or people, with commas between</small>
field-at = When <small>now, if left empty; in { $zone }</small>

## An emergency

emergency-armed = Armed
emergency-not-armed = Not armed
emergency-until = Until { $until }, what you send to an emergency list goes at once to everybody on it.
emergency-until-drill = Until { $until }, what you send to an emergency list goes at once to those who practise, as a drill.
emergency-note = What you send to an emergency list waits for a second person of an emergency role, or for EMarComm. Show a second factor first, and for { $minutes } minutes it goes at once.
emergency-show = Show a second factor
emergency-code = The code your authenticator shows
emergency-arm = Arm for an emergency
emergency-drill = Arm for a drill
emergency-enroll = You have no authenticator yet. The postmaster makes one: <code>bedel emergency enroll</code>.
emergency-lists = Emergency lists
emergency-lists-none = No list has emergency = true in policy.toml.
emergency-how = Write from your mail program, as always. Nobody decides on it, no cap holds it back, and it is first in every queue. A reviewer reads it within one business day.

## The link in a notice

decide = Decide
decide-asks = { $author } asks to write to { $audience }: <strong class="reach">{ $people }</strong>.
decide-approve = Approve the use of the audience
decide-nothing = There is nothing for you to decide any more.
decide-note = You decide as { $who }. This link is yours alone, for this message as it stands; do not pass it on.
decide-done = Done
decide-void = This link is void
decide-void-means = What it was for has changed, or has been decided. Sign in to see where it stands.

## Signing in

sign-in = Sign in
sign-in-title = Sign in to Bedel
sign-in-with = Sign in with { $provider }
sign-in-code = Your account has a second factor: give the code of your authenticator too.
sign-in-wrong = No account has this address, this password and, where it has one, this code. Check and try again.
sign-in-shut = Signing in has failed too often. Wait a quarter of an hour and try again.
field-account = Account <small>your campus e-mail address</small>
field-password = Password
field-code = Code <small>of your authenticator, if your account has one</small>
not-signed-in = Not signed in
provider-late = This answer is not for this browser, or came too late. Sign in again.
provider-refused = The provider has not signed you in. Try again, or sign in with a password.
provider-stranger = You are known to the provider, and have no account here: ask the postmaster for one.
provider-failed = The provider cannot be asked now. Try again in a minute, or sign in with a password.

## What went wrong

# By the HTTP status.
error-title =
    { $status ->
        [400] There is nothing here
        [403] This is not open to you
        [404] There is nothing here
        [405] There is nothing here
        [409] It was not done
        [413] It was not taken
        [422] It was not done
        [429] It was not done
        [502] It cannot be done now
        [503] It cannot be done now
       *[0] Something went wrong
    }
error-old-form = It was not done
error-sign-in-first = Sign in first.
error-forged = This form is no longer good: go back, reload the page and try again.
error-unreadable = The form could not be read: { $why }.
error-comment-long = the comment is too long
error-password-long = the password is too long
error-garbled = The address of this page cannot be read: check it, or go to the page from the queue.
error-no-such-page = There is no such page.
error-no-such-method = This page cannot be asked for in this way.
error-watchers-only = Only reviewers and postmasters may see this page.
error-reviewers-only = Only reviewers, and those who watch over contact data, may see this page.
error-busy = Too many pages are open at once; reload this one by hand.
error-broken = The page could not be made; the postmaster finds the reason in the log.
error-conflict = Somebody else has just changed it; look again.
error-memory = Bedel cannot reach its memory now; nothing was changed. Try again in a minute.

## For those who are written to

preferences = How to stop or choose these mails
preferences-note = Every mailing of { $organization } carries an unsubscribe link made for its recipient alone, emergencies excepted.
preferences-open = Open a mailing you got.
preferences-press = Press <strong>Unsubscribe</strong>, which most mail programs show beside the sender's name.
preferences-source = If yours shows no such button, have it show the message's source or all its headers. Open the web address in the line that begins with <code>List-Unsubscribe</code>, or send a mail to the mail address in it.
preferences-more = The page that opens also leads to your own: there you choose by topic, see what we hold about you, and can ask for a copy of it or to be erased. The line <code>List-Help</code> of the headers leads there at once. It stands in no footer, so that who forwards a mailing does not hand on the key to their own record.
preferences-then = No password is needed. From then on no further mailing is sent to that address; a copy that is already on its way may still arrive.
unsubscribe = Unsubscribe
unsubscribe-title = Unsubscribe?
unsubscribe-note = { $organization } will send no further mail of { $lists } to you, emergencies excepted. What else you get stays as it is.
unsubscribe-note-all = { $organization } will send no further mailings to the address this link was sent to, emergencies excepted.
unsubscribe-this-list = the list this link came with
unsubscribe-yet = Nothing has changed yet. The link is yours alone: whoever has it can unsubscribe you.
unsubscribed = Unsubscribed
unsubscribed-means = You are unsubscribed: who got this link in a mailing of { $organization } gets no further mail of the list it came through, emergencies excepted. What else they get stays as it is. A copy that is already on its way may still arrive.
unsubscribe-unclear = The form does not say List-Unsubscribe=One-Click (RFC 8058); nothing was changed.
unsubscribe-not-kept = Your wish could not be kept just now. Please try again in a minute.
unsubscribe-unknown = This link is not one of ours, or it was cut short. Use the unsubscribe button of your mail program, or the whole link.
public-broken = The page could not be made.
public-away = This page is being looked after and is back in a minute. To unsubscribe works all the while.

## One's own page: what is chosen, what is held, what may be asked for

own = Your mail from us
own-link = Choose what you get, and see what we hold about you
own-note = This page is for whoever reads the mail of { $address }. Nothing changes until you press a button, and then it is in force at once. Emergency mail of { $organization } always comes.
own-choose = What you get
own-yes = Each mailing
own-digest = Only the digest
own-no = None
own-keep = Keep these choices
own-chosen = Your choices are kept. They hold from now on, even for a mailing that is on its way.
own-no-contact = No contact has this address any more, so that there is nothing to choose. You can still have all mail stopped.
own-no-topics = There are no topics to choose among.
own-nothing = Stop all mailings
own-nothing-note = You get no further mailing of any list. What people write to you by themselves still comes.
own-off = You get no further mailings, emergencies excepted. A copy that is being handed over at this moment may still arrive.
own-is-off = You get no mailings, emergencies excepted.
own-get-again = Get { $scope } again
own-again = You get it again, as long as your other choices let it.
own-held = What we hold about you
own-ask = What you can ask for
own-copy = Download a copy
own-erase = Ask to be erased
own-erase-note = A person reads this and decides; the privacy officer is told now. What the law wants kept, such as an enrolment, the office keeps that lists you. That you want no mail outlives your record.
own-erasure-asked = The privacy officer has been told that you ask to be erased. You need not ask again.
own-correct = If something is wrong, write to the office that says so: it keeps the record, and we take over what it says.
own-unclear = The form does not say what to do; nothing was changed.
record-number = Number
record-name = Name
record-addresses = Addresses
record-country = Country
record-flags = To be kept in mind
record-erasure = Asked to be erased
record-listings = What offices say
record-listing = { $what }: says { $office }, key { $key }
record-from = from { $at }
record-until = until { $at }
record-gone = no longer since { $at }
record-consents = Consents
record-consent = { $basis } to { $purpose }, { $at }; given at: { $source }
record-consent-until = until { $at }
record-everything = everything
record-not-recorded = not recorded
record-suppressions = Mail that is kept away
record-suppression = No { $scope }: { $why }, since { $at }
record-copies = Last mailings
record-none = Nothing.
scope-everything = mailings at all
scope-marketing = invitations and marketing
scope-list = mailings of { $list }
flag-ferpa = directory information not to be disclosed
flag-do-not-contact = not to be contacted
flag-deceased = deceased
flag-minor = under age
basis-opt-in = A yes
basis-double-opt-in = A yes, confirmed from the address
basis-implied = A yes inferred from a relationship
basis-contract = What an agreement needs
basis-legal-duty = What the law wants sent
basis-legitimate-interest = An interest weighed against theirs
basis-withdrawn = A no
method-web-form = on a page
method-paper = on paper
method-phone = by telephone
method-event = at an event
method-import = taken over with other data

## The report of a month

title-report = Report
report-of = Report for { $month }
report-note = Mass mail of { $organization }: what went to lists and groups, and what came back, in numbers. Nobody is named.
report-copies = Copies sent
report-delivered = Delivered
report-deferred = Put off at first
report-bounced = Came back
report-complained = Complaints
report-unsubscribed = Unsubscribed
report-complaints = Complaints, of copies sent
report-complaints-note = The large mailbox providers ask for less than 0.1 % of copies, and turn away all mail of those who reach 0.3 %.
report-complaints-trend = Complaints by month: { $last } this month, { $highest } at most in any of the twelve.
report-limit-good = 0.1 %: better stay below
report-limit-never = 0.3 %: never reach
report-bounces = Copies that came back
report-bounces-trend = Copies that came back by month: { $last } this month, { $highest } at most in any of the twelve.
report-unsubscribes = Recipients who want no more
report-unsubscribes-trend = Unsubscribed by month: { $last } this month, { $highest } at most in any of the twelve.
report-why = Why they came back
report-audiences = By audience
report-providers = By mailbox provider
report-categories = By purpose
report-small = Small groups together
report-cut = So much went out that the tables by audience, purpose and provider have only a part of it.
report-how = Delivered is what the other side took and did not send back. Put off at first is what it took, or refused, only after a while. Groups of fewer than ten copies are told of together, or not at all, so that no number stands for one person.
report-months = Twelve months
report-strangers = Who else sends in our name
report-strangers-unheard = No other mail server has reported on this month. They do once the DMARC records name the gateway’s letterbox.
report-strangers-sum =
    { $reports ->
        [one] One report tells
       *[other] { $reports } reports tell
    } of { $messages } messages in our name; { $strange } were sent by somebody we do not let.
report-source = Sent by
report-domain = From domain
report-messages = Messages
report-stopped = Stopped
percent = { $share }{"\u00A0"}%
bounce-gone = The mailbox is gone
bounce-full = The mailbox is full
bounce-blocked = The other side turns our mail away
bounce-policy = A rule of the other side
bounce-content = Something in the message
bounce-spam = Taken for spam
bounce-network = The other side could not be reached
bounce-expired = Given up after many tries
bounce-unknown = Nobody said why
bounces-gone = { $count } gone
bounces-full = { $count } full
bounces-blocked = { $count } turned away
bounces-policy = { $count } against a rule
bounces-content = { $count } for what is in it
bounces-spam = { $count } taken for spam
bounces-network = { $count } not reached
bounces-expired = { $count } given up
bounces-unknown = { $count } for no reason given

## What other hosts report of our domains

title-domains = Our domains
domains-note = What other mail servers report of mail that bears our domains’ names, and of how mail to us is secured. Anybody may send such a report, so nothing follows from one by itself.
domains-period = Which days
domains-days = { $days } days
domains-senders = Who sends in our name
domains-senders-none = No report has come of these days. Name the gateway’s letterbox in rua= of the DMARC records; then they do.
domains-reports = Reports
domains-strange = Strange
domains-is = Is it ours?
domains-ours = Yes
domains-stranger = No
domains-nobody = nobody vouches for it
domains-strange-note = Strange is mail that neither SPF nor DKIM lets its sender send: a service somebody forgot to set up, or an impostor. Stopped is what was refused or put with the spam.
domains-seen = Seen by
domains-cut = { $shown } of { $rows } are shown; bedel report dmarc --json has all.
domains-tls = How mail to us is secured
domains-tls-none = No report has come of these days. Name the gateway’s letterbox in rua= of the _smtp._tls record; then they do.
domains-secured = Secured
domains-failed = Failed
domains-host = Reported by
domains-connections = Connections
domains-what-failed = What failed
domains-at = At
domains-policy = Held to
domains-unreadable = Not readable
domains-not-yours = what other hosts report is for reviewers and postmasters

## One person looked up

title-people = People
people-note = One person at a time. Who looks, whom up and why is kept in the audit trail before anything is shown; the privacy officer reads it. A steward sees the people their office lists.
people-form = Look a person up
people-whom = Address, or the number of a contact
people-reason = Why you look them up
people-audience = Why are they in this audience, or not? (may stay empty)
people-mailing = Did they get this mailing? Its number (may stay empty)
people-do = Look up
people-found = What is held
people-why = As to { $audience }
people-nobody = Nothing is known of this address or number, or nothing that you may see. That you looked is kept.
people-not-yours = only those who watch over contact data, and the stewards of an office, may look a person up
people-no-address = that is neither an address nor the number of a contact: { $why }
people-no-mailing = That is no mailing’s number: they look like MC-2026-0001.

## An audience counted while it is chosen

title-audience = Count
audience-note = How many would that be? Begin with an audience, or with none, and narrow it; several values are parted by commas. It is counted as the master list stands now, without those who would be left out.
audience-form = Choose whom to count
audience-of = Audience
audience-affiliation = Affiliation
audience-unit = College or unit
audience-class = Class
audience-year = Year
audience-do = Count
audience-counted = { $people } ({ $whom })
audience-few = Fewer than { $few } people
audience-samples = Some of them
audience-no-samples = Nobody is shown: fewer than { $few } people, people who are not to be disclosed, or an audience that is nobody’s business.
audience-not-yours = only stewards, reviewers, and those who watch over contact data may count an audience
