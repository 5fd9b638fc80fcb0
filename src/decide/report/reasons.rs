//! Reasons: what a server says of why, and the class that makes. Data; each with a sample that must come to its class.
//!
//! The tables are asked top to bottom, and the first that matches has it: what is said most precisely stands first. A
//! text beats a number, since hosts say `550 5.7.1 User unknown` and `550 5.1.1 Blocked, see spamhaus.org`.

use std::sync::OnceLock;

use regex::RegexSet;

use super::phrases::{compiled, plain};
use crate::model::BounceClass;

/// A class, the pattern that makes it, and what it was seen in.
type Reason = (BounceClass, &'static str, &'static str);

/// Octets of a text that are looked at.
const TEXT_BYTES_MAX: usize = 8 * 1024;

/// What says precisely why.
const PRECISE: &[Reason] = &[
    // The message is too large: before quotas, which are exceeded as well.
    (
        BounceClass::Content,
        r"\b(message|mail|e-?mail|size|attachment)( size| length)? (is |was |of \S+ )?(too (large|big|long)|exceed\w* (the |its |our |your )?(\w+ ){0,3}(size|limit|maximum|length))|\bexceeds (the )?(maximum|fixed|allowed) (\w+ )?(message|mail) size|\bsize limit (is )?exceeded|maximum message size|message-size",
        "552 5.3.4 Message size exceeds fixed limit",
    ),
    // Full.
    (
        BounceClass::Full,
        r"\b(over|exceed\w*|out of|above|reached|beyond|no|insufficient) (\S+ ){0,5}quota|\bover-?quota|quota (\S+ ){0,5}(exceed\w*|full|reached|exhausted|violation|limit)|\bquota$",
        "552 5.2.2 User is over quota",
    ),
    (
        BounceClass::Full,
        r"\b(mail ?box|inbox|mail ?folder|account|mail ?drop|user|recipient|storage|disk|mailstore|maildir)('s)? (\S+ ){0,5}(is |was |has |are )?(\w+ )?(full\b|overfull|out of (space|storage)|exceed\w* (\S+ ){0,3}(limit|size|storage|space|allocation)|over (its|the|his) (\w+ )?limit)",
        "The mailbox is full",
    ),
    (
        BounceClass::Full,
        r"\bfull (mail ?box|inbox|mail ?folder)|\bmail ?box (\w+ )?full\b|\bmailbox(_|-)?full\b|\b(mail ?box|mail box|account|user|storage) (space|size|storage|limit) (\S+ ){0,3}(not enough|insufficient|exceed\w*|reached|full)|\bnot enough (storage|disk|mailbox) ?space|\binsufficient (mailbox|disk|user) (space|storage|quota)|\bmailbox size|no (space|room) (left )?(in|on|for) (\S+ )?(mail ?box|device|disk)|\bexdiskquota|\bdisk full\b",
        "mail box space not enough",
    ),
    (
        BounceClass::Full,
        r"(postfach|mailbox|konto|speicher) .{0,40}(voll|überschritten|überfüllt|erschöpft)|(boîte|boite) .{0,40}pleine|quota .{0,20}(dépassé|superad|excedid|superat)|(buz[oó]n|casilla|bandeja|caixa|casella) .{0,40}(llen[oa]|cheia|lotad|pien[oa])|переполнен|容量|いっぱい|已满|超过配额",
        "Das Postfach des Empfängers ist voll",
    ),
    // Blocked: our host, or how much comes from it.
    (
        BounceClass::Blocked,
        r"\b(spamhaus|spamcop|barracuda ?central|sorbs|uceprotect|abuseat|abusix|invaluement|mailspike|surriel|psbl|dnswl|backscatterer|senderbase|senderscore|sender ?score|talos|cloudmark|trustedsource|rbl|dnsbl|rhsbl|surbl|uribl|bl\.\w+|\w+-bl)\b",
        "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
    ),
    (
        BounceClass::Blocked,
        r"\b(black|block|deny|drop|bad)[- ]?list(ed|ing|s)?\b|\bblackhole|\bon (our|a|the|this) (\w+ )?(block|black|deny) ?list|\b(poor|bad|low|negative|no) (\w+ ){0,2}reputation|\breputation\b",
        "550 Your IP is on a blacklist",
    ),
    (
        BounceClass::Blocked,
        r"\b(your|sending|sender'?s?|client|source|connecting|originating) (\w+ ){0,2}(ip|mta|mail ?server|server|host|network|address range|mx)( address)?( \S+){0,6} (blocked|banned|black|rejected|refused|denied|not (allowed|permitted|accepted)|has been)|\bip( address)?( \S+){0,6} (blocked|banned|refused|denied)|\b(banned|blocked) sending ip|\bip name lookup failed|access from ip|\byour access to (this|submit)",
        "550 5.7.606 Access denied, banned sending IP [192.0.2.1]",
    ),
    (
        BounceClass::Blocked,
        r"\b(too many|too much|excessive) (\w+ ){0,3}(connections?|sessions?|messages?|e-?mails?|mails?|recipients?|requests?|volume|traffic)|\brate[- ]?(limit|control|is)|\bat a rate|\bthrottl|\bunusual(ly high)? (rate|amount|traffic|volume)|\b(deferred|delayed) due to (user complaints|unexpected volume)|\bvolume .{0,20}(exceed|limit)|\bsending limit|\bdaily (limit|quota)|\bts0\d\b|\[tss?0\d\]|\brejected due to (volume|frequency)",
        "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints",
    ),
    // Policy: who we say we are, and who may write there.
    (
        BounceClass::Policy,
        r"\bspf\b|\bdkim\b|\bdmarc\b|\bunauthenticated\b|\bauthentication (is )?(required|checks?|fail\w*|information|results?)|\bsender (id|policy framework)|\bsender (\S+ ){0,4}(verif\w*|rejected|refused|not (allowed|permitted|authori[sz]ed|accepted|found|exist)|denied|unknown|invalid|blocked|does not (exist|resolve)|domain)|\b(domain of|bad|invalid|unknown|forged|fake|unresolvable) sender|\bmail from( address)? (\S+ ){0,3}(rejected|denied|refused|not allowed)|\breturn[- ]path\b|\breverse[- ]dns|\brdns\b|\bptr\b|\b(helo|ehlo)\b( \S+){0,4} (rejected|invalid|denied|mismatch|refused|must|not)|\b(invalid|bad|forged|your) (helo|ehlo)|\bcannot (resolve|find) your",
        "550-5.7.26 This mail is unauthenticated: SPF and DKIM failed",
    ),
    (
        BounceClass::Policy,
        r"\bnot (accepting|accept|receive|taking)( \w+){0,2} (mail|messages?|e-?mails?) from|\bonly accepts? (\w+ )?(mail|messages|e-?mail)s? from|\b(you|sender|user|your (account|address)|they) (\S+ ){0,3}(not|n't) (allowed|permitted|authori[sz]ed|have permission|entitled)|\bnot (authori[sz]ed|permitted|allowed) to (send|post|submit|mail|e-?mail)|\brestricted\b|\bmembers? only\b|\b(do|does|have|has)( not|n't) (have )?permission|\bdelivery not authori[sz]ed|\bmoderat|\bwhite ?list|\bchallenge",
        "550 5.7.1 RESOLVER.RST.AuthRequired; delivery restricted, you are not allowed to send to this group",
    ),
    (
        BounceClass::Policy,
        r"\b(policy|policies) (\w+ ){0,2}(violation|reject\w*|reasons?|restriction|prohibit\w*|fail\w*|block\w*)|\b(by|due to|for|violates|against|our|local|security|site|company|corporate|acceptable use) (\w+ )?polic(y|ies)\b|\badministrative(ly)? (prohibit\w*|reject\w*|denied|refus\w*|block\w*|lock)|\bprohibited by (administrator|the recipient)|\brejected by (the )?(recipient's|user|administrator|rule)|\bmail filter|\bmailbox rule|\bblocked by (the )?(recipient|user|addressee|rule)",
        "554 5.7.1 Message rejected for policy reasons",
    ),
    // Taken for spam.
    (
        BounceClass::Spam,
        r"\bspam\w*|\bunsolicited\b|\bjunk\b|\b(uce|ube)\b|\bbulk ?mail|\bphish\w*|\blooks? like (spam|bulk)|\bsuspicious\b|\bsuspected\b|\bmass ?mail|\bcontent (filter|was|is|reject\w*|denied|not accepted|blocked)|\bmessage (was )?(rejected|blocked|refused) (due to|because of|for) (its )?content|\bscor(e|ed|ing)\b.{0,40}\b(threshold|points|high|exceed)|\blikely\b.{0,20}\bspam|\bdetected as\b",
        "550 High probability of spam",
    ),
    // This message.
    (
        BounceClass::Content,
        r"\bvirus\b|\bmalware\b|\binfected\b|\btrojan|\bworm\b|\battachments?\b|\bexecutable\b|\bbanned (file|content|filename)|\b(prohibited|forbidden|illegal|unacceptable) (content|file|attachment|extension|character)|\b(message|mail) content (reject|denied|block)|\b(invalid|malformed|missing|bad|duplicate|illegal|improper|multiple) (\w+ ){0,2}(headers?|mime|message-id|date|from (header|field)|rfc ?\d+|charset|encoding)|\bnot rfc|\brfc ?5322 compliant|\bmime (error|structure)|\bconversion (required|not)|\bline too long|\b8-?bit\b|\bsmtputf8\b|\bbare (lf|cr)\b",
        "554 Message rejected: attachment with a forbidden extension",
    ),
    // Not now, although it reads like never.
    (
        BounceClass::Network,
        r"\b(host|domain|name|mx|dns)\b.{0,60}\b(try again|temporar\w*|timed? ?out|servfail)|\btemporary (\w+ )?(lookup|dns|resolution|name)|\b(dns|name ?server|cname|mx) (\w+ ){0,2}(fail\w*|error|timed? ?out|lookup failed temporarily|problem)|\bgr[ae]y ?list",
        "Name service error for name=x.example type=MX: Host not found, try again",
    ),
    (
        BounceClass::Network,
        r"\brelay(ing|ed)?\b.{0,40}\b(denied|not (allowed|permitted|accepted|authori[sz]ed|supported|enabled)|prohibited|refused|disabled|rejected|forbidden)|\b(unable|not|n't|denied|authori[sz]ed|permitted|refus\w*|not allow\w*) (to )?relay|\bno relay|\bwe do( not|n't) relay|\bnot a (gateway|relay)|\bnot in my (rcpthosts|list of allowed)|\brcpthosts|\bnot (a )?local(ly)? (domain|host|hosted)|\bdomain isn't (in my|allowed)",
        "550 5.7.1 Unable to relay for ann@x.example",
    ),
    (
        BounceClass::Network,
        r"\btoo many hops|\bhop count|\b(mail|routing|forward\w*|message) loops?\b|\bloop(s|ing)? (back|detected|to)|\bmail for \S+ loops",
        "554 5.4.6 Too many hops 26 (25 max)",
    ),
    // Gone: people and mailboxes.
    (
        BounceClass::Gone,
        r"\b(unknown|no such|non-?existent|non-?existing|undefined|unrouteable|unroutable|unrecogni[sz]ed|invalid|illegal|bad|wrong|inactive|disabled|obsolete|not (a |an )?(valid|known|existing|active|local)|not our|no|isn't a valid|unresolvable)( \S+){0,3}[ \-](user|recipient|mail ?box|mailbox(es)?|mail ?drop|address(es|ee)?|account|person|alias|login|customer|subscriber|userid|user-?name|user(s)?|local part|screen ?name|name|id|employee|member|destination|object|employee|inbox)\b",
        "550 5.1.1 No such user here",
    ),
    (
        BounceClass::Gone,
        r"\b(user|recipient|mail ?box|address(ee)?|account|alias|person|inbox|login|customer|subscriber|screen ?name|user ?name|name|employee|member|mail ?drop|contact|staff|local part|destination|he|she)(\(s\)|s)?\b( \S+){0,6} (unknown|unrecogni[sz]ed|invalid|non-?exist\w*|inactive|disabled|suspended|deactivated|discontinued|closed|expired|terminated|deleted|removed|cancel\w*|illegal|retired|ceased|locked|blocked\.?$|not (\w+ )?(found|exist\w*|known|valid|recogni[sz]ed|listed|registered|defined|active|available|hosted|here|handled|belong)|(doesn't|does not|don't|do not|didn't|did not) (\w+ )?(exist|have (an?|this)|match|belong)|n't (found|exist)|could( not|n't) be (found|resolved|located)|can(not| not|'t) be (found|resolved|located)|no longer|has (left|moved|quit)|have (left|moved)|is not a)",
        "The recipient name is not recognized",
    ),
    (
        BounceClass::Gone,
        r"\b(doesn't|does not|don't|do not|didn't|did not) have an? (\S+ )?(account|mailbox|user|e-?mail|address|final)|\bno (mail ?box|account|user|one|person|recipient|inbox|valid recipients?)\b.{0,30}\b(here|by that name|with|under|called|named|on this|like)|\b(does|do) not exist\b|\bdoesn't exist\b|\bno longer (exists?|works?|with|at|employed|valid|available|active|in (use|service)|an? |accept|on this|monitored|uses?)|\bnot (found|listed) in (\w+ )*(directory|address book|database|ldap)|\bnot listed\b|\bno match(es)?\b|\bnot exist\b|\buser(name)? (\S+ )?not found|\baccount (\S+ )?not found|\bhas (moved|left)\b|\b(changed|new) (his|her|their|my|its) (e-?mail )?address|\bbad destination\b|\bunknown (or illegal|to us|local)|\bno users? (here|by)|\bnot a user\b|\bnobody (here|by)",
        "This user doesn't have a mail.example account",
    ),
    (
        BounceClass::Gone,
        r"\brecipient address rejected: access denied|\bresolver\.adr\.(\w*recip\w*notfound|recipnotfound|exrecipnotfound|invalidsmtp|badprimary|ambiguous)|\brecip(ient)?not ?found|\bunknown recipient|\bunknown user|\buser unknown|\bunknown[_-]?user|\bnosuchuser\b|\baddressee unknown|\bno such address|\bnot our customer|\bemail account that you tried to reach|\bcould( not|n't) be found\b|\bwasn't found\b|\bfinal (email )?delivery point|\binvalid final delivery",
        "550 5.4.1 Recipient address rejected: Access denied",
    ),
    // Gone: domains.
    (
        BounceClass::Gone,
        r"\b(host|domain|domain name|mail ?server|server|name|system|site)\b( \S+){0,8} (not found|unknown|does not exist|doesn't exist|not exist|nxdomain|could( not|n't) be found|can(not|'t) be found|not (valid|known|resolvable|registered)|is invalid|no longer|doesn't (accept|receive)|does not (accept|receive))|\b(unknown|no such|invalid|bad|illegal|unresolvable|non-?existent|unrouteable|unroutable) (\w+ )?(host|domain|mail domain|server|site)|\bnxdomain\b|\bnull mx\b|\bcouldn't find any host|\bcan(not|'t) resolve\b|\bno (mx|valid (mail|hosts?)|mail exchangers?|dns entry|a record)|\bbad destination system|\bdoes not accept mail|\bno mail (hosts?|servers?) for",
        "Sorry, I couldn't find any host named x.example. (#5.1.2)",
    ),
    (
        BounceClass::Gone,
        r"unbekannt|existiert nicht|nicht (gefunden|bekannt|vorhanden|mehr)|gibt es nicht|inconnue?\b|n'existe (pas|plus)|introuvable|no existe|desconocid|no (se )?encontr|inexistente|não existe|inesistente|sconosciut|non esiste|onbekend|bestaat niet|finns inte|findes ikke|nie istnieje|nieznany|neexistuje|не существует|не найден|неизвест|недоступен|存在しません|見つかりません|あて先不明|宛先不明|不存在|不明なユーザ|存在하지|존재하지",
        "Der Empfänger existiert nicht",
    ),
    // Given up, after whatever it was.
    (
        BounceClass::Expired,
        r"\b(delivery|retry|message|queue|mail|life ?time|retry time|time ?to ?live|ttl|holding)( time| timeout| period| limit)? (\S+ ){0,3}(expired|exceeded|elapsed)|\bmessage (has )?(expired|timed? ?out)|\btoo (old|long in (the )?queue)|\bin (the )?queue (for )?too long|\bundeliver(able|ed) for\b|\b(exceeded|maximum|after)( the)?( maximum)?( number of)?( \d+)? (delivery )?(attempts|retries|tries)|\bnot (be )?deliver\w* (for|within|after|in) (\S+ ){0,3}\d|\bdelivered for \d|\bfor (more than |over |the (last|past) )?\d+ (hours?|days?)|\bfailed \d+ attempts|\b\d+ (delivery )?attempts|\bretry time not reached|\bwithin (the )?(allowed |allotted )?(queue|time|\d+) (period|limit|days|hours)|\bgiv(en|ing) up after|\bnot been collected\b|\bafter \d+ (hours?|days?)\b",
        "Delivery failed 20 attempts",
    ),
    // A road or a host that does not work.
    (
        BounceClass::Network,
        r"\bconnect(ion|ing|ed)?\b( \S+){0,8} (refused|timed? ?out|reset|dropped|lost|closed|broken|aborted|failed|unexpectedly|error|denied|died|terminated)|\b(lost|no|bad|broken) connection|\btimed? ?out\b|\btimeout\b|\b(could|can|did|was|is)( ?not|n't) (\S+ )?(connect|reach\w*|contact|establish|talk|respon\w*|open)|\b(failed|unable) to connect|\bunable to (connect|contact|establish|open|reach)|\bno route|\bunreachable|\b(host|server|system|mx|destination|network|computer)\b( \S+){0,4} (down|not respond\w*|is not reach\w*|unavailable|not available|busy|offline)|\bno answer|\bnot responding|\btls\b|\bhandshake\b|\bcertificate\b|\bstarttls\b|\bunexpected (disconnect|response)|\bprotocol error|\bbad (reply|response|command|sequence)",
        "Connected to 192.0.2.1 but connection died",
    ),
];

/// What is said for many a reason; asked when the number says nothing either.
const VAGUE: &[Reason] = &[
    (
        BounceClass::Gone,
        r"\bmail ?box (is )?(currently )?(unavailable|not available)|\b(mailbox|account|user|recipient|address) (\S+ )?(unavailable|not available|rejected|refused|undeliverable|not accepted|not ok|inaccessible|over)|\bmailbox not (local|accessible)|\brequested action not taken\b|\buser not\b|\brecipient (was )?(rejected|refused)|\binvalid recipients?\b|\badresse? .{0,40}(abgelehnt|refusée|rechazad)",
        "550 Requested action not taken: mailbox unavailable",
    ),
    (
        BounceClass::Policy,
        r"\baccess (is )?denied|\bdenied\b|\bpermission\b|\bnot (allowed|permitted|authori[sz]ed|accepted)\b|\bprohibited\b|\bforbidden\b|\brefused\b|\bblocked\b|\bbanned\b",
        "554 5.7.1 Access denied",
    ),
    (
        BounceClass::Network,
        r"\btry (again|later)|\btemporar\w*|\bservice (is )?(currently )?(unavailable|not available)|\b(system|server|local|internal|configuration|processing|resources?|i/o|queue) (\w+ )?(error|problem|failure|trouble|unavailable|busy|overload\w*|limit)|\binsufficient (system )?(storage|resources?|memory)|\bcommand (died|failed|output)|\bmisconfigur\w*|\bout of memory|\bdefer\w*|\bnetwork\b|\brouting\b|\bunable to transfer",
        "451 4.3.0 Local error in processing, try again later",
    ),
];

/// The class of a text; `None` when it says nothing.
pub(super) fn precise(text: &str) -> Option<BounceClass> {
    static SET: OnceLock<RegexSet> = OnceLock::new();
    first(&SET, PRECISE, text)
}

/// The class of the first sentence of a text that says something: a line, and the one it may go on in.
pub(super) fn precise_of_lines(text: &str) -> Option<BounceClass> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let pairs = lines
        .iter()
        .enumerate()
        .map(|(at, line)| (*line, lines.get(at + 1).copied().unwrap_or_default()));
    pairs
        .into_iter()
        .find_map(|(line, next)| precise(&format!("{line} {next}")))
}

/// The class of what is said for many a reason.
pub(super) fn vague(text: &str) -> Option<BounceClass> {
    static SET: OnceLock<RegexSet> = OnceLock::new();
    first(&SET, VAGUE, text)
}

fn first(set: &OnceLock<RegexSet>, table: &[Reason], text: &str) -> Option<BounceClass> {
    let patterns: Vec<&'static str> = table.iter().map(|(_, pattern, _)| *pattern).collect();
    let set = set.get_or_init(|| compiled(patterns.into_iter()));
    let cut = text.char_indices().find(|(at, _)| *at >= TEXT_BYTES_MAX);
    let text = plain(cut.map_or(text, |(at, _)| text.get(..at).unwrap_or_default()));
    let first = set.matches(&text).into_iter().next()?;
    table.get(first).map(|(class, ..)| *class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_sample_and_its_sample_has_its_class() {
        for (class, pattern, sample) in PRECISE {
            let set = compiled(std::iter::once(*pattern));
            assert!(set.is_match(&plain(sample)), "{pattern} is not in {sample:?}");
            assert_eq!(precise(sample), Some(*class), "{sample}");
        }
        for (class, pattern, sample) in VAGUE {
            let set = compiled(std::iter::once(*pattern));
            assert!(set.is_match(&plain(sample)), "{pattern} is not in {sample:?}");
            assert_eq!(vague(sample), Some(*class), "{sample}");
        }
    }
}
