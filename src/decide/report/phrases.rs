//! Phrases: what the mail programs of the world say when mail does not arrive. Data; each with a sample it must match.
//!
//! What a program is called does not matter: the same few sentences are said by all of them. They are compared as
//! [`plain`] text: lower case, one space between words, one kind of apostrophe. A regular expression here has no look-around and
//! no back-reference, so that asking takes time in proportion to the text.

use std::sync::OnceLock;

use regex::RegexSet;

/// A pattern, and a line it was seen in.
pub(super) type Phrase = (&'static str, &'static str);

/// A table that can be asked.
#[derive(Debug)]
pub(super) struct Phrases {
    table: &'static [Phrase],
    set: OnceLock<RegexSet>,
}

impl Phrases {
    pub(super) const fn new(table: &'static [Phrase]) -> Self {
        Self {
            table,
            set: OnceLock::new(),
        }
    }

    /// Whether one of them stands in a text that went through [`plain`].
    pub(super) fn are_in(&self, text: &str) -> bool {
        let patterns = || self.table.iter().map(|(pattern, _)| *pattern);
        self.set.get_or_init(|| compiled(patterns())).is_match(text)
    }
}

/// Patterns of this house are tested: one that is none makes an empty set, and its sample fails.
pub(super) fn compiled(patterns: impl Iterator<Item = &'static str>) -> RegexSet {
    RegexSet::new(patterns).unwrap_or_else(|_faulty| RegexSet::empty())
}

/// Lower case, one space between words, one kind of apostrophe.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !plain.is_empty() {
            plain.push(' ');
        }
        let same = |c: char| {
            if matches!(c, '’' | '‘' | '`' | '´') {
                '\''
            } else {
                c
            }
        };
        plain.extend(word.chars().flat_map(char::to_lowercase).map(same));
    }
    plain
}

/// It was not delivered. What follows, or stands in the same line, is who.
pub(super) static FAILURES: Phrases = Phrases::new(&[
    (
        r"\b(could|can|was|were|is|are|be|been|has|have|had|did|does|would)( ?not|n't)( \w+){0,2} (deliver|reach|receiv|accept|sent|send|process|transmit|forward)",
        "A message that you sent could not be delivered to all of its recipients",
    ),
    (
        r"(\b(unable|failed|failing|failure|impossible|not possible)|not able|n't able) to (be )?(deliver|send|reach|transmit|transfer|relay)",
        "I wasn't able to deliver the following message",
    ),
    (
        r"undeliver(able|ed)|not deliver(ed|able)",
        "undeliverable to ann@x.example",
    ),
    (
        r"\bdel[ei]ver\w*( \S+){0,8} (fail|error|problem|not possible|unsuccessful|rejected|aborted)",
        "Delivery to the following recipients failed permanently",
    ),
    (
        r"\bdelivery( status)? (fail|error|problem)|\bmail (delivery |system )?(fail|error)",
        "Mail System Error - Returned Mail",
    ),
    (
        r"\bfail(ed|ure|ing)? (mail|deliver|recipient|address|to send)",
        "------ Failed Recipients ------",
    ),
    (
        r"\baddress(es|\(es\)|ees?)? (\w+ )?failed",
        "The following address failed:",
    ),
    (
        r"\bfollowing (\w+ ){0,2}(address|recipient|user|destination|addressee|person|people|mailbox|list of recipients)",
        "<The following recipients> did not get it",
    ),
    (
        r"\bthese (recipient|address|user)",
        "Delivery has failed to these recipients or distribution lists:",
    ),
    (
        r"\b(permanent|fatal) (fatal )?error",
        "----- The following addresses had permanent fatal errors -----",
    ),
    (
        r"\b(returned|bounced|rejected) ((e-?)?mail|message)\b",
        "Returned mail: see transcript for details",
    ),
    (
        r"\b((e-?)?mail|message|letter) (\w+ )?(has been |was |is )?(being )?(returned|rejected|bounced|refused|blocked)",
        "Your message was rejected",
    ),
    (
        r"\breturning (your |the )?(message|mail) to sender",
        "Mail delivery failed: returning message to sender",
    ),
    (
        r"\berror (has |was |has been )?(occurred|detected|encountered) (while|when|during|in)\b",
        "An error has occurred while attempting to deliver a message",
    ),
    (
        r"\baffected recipients?|\brecipients? (\w+ )?affected|\b(trouble|problems?) (in )?deliver",
        "We had trouble delivering your message.",
    ),
    (
        r"\b(e-?mail|message) (\w+ )?(wasn't|was not|hasn't been|has not been|not) \w+",
        "Your message wasn't delivered",
    ),
    // Other languages: German, French, Spanish, Portuguese, Italian, Dutch, Swedish, Danish, Polish, Czech, Finnish.
    (
        r"konnten? .{0,60}nicht .{0,40}(zugestellt|ausgeliefert|übermittelt|gesendet|weitergeleitet)",
        "Ihre Nachricht konnte leider nicht zugestellt werden",
    ),
    (
        r"unzustellbar|nicht zustellbar|zustellung .{0,40}(fehlgeschlagen|gescheitert)|fehler bei der zustellung",
        "Unzustellbar: Einladung",
    ),
    (
        r"(n'a|n'ont) (pas )?(pu|été) .{0,30}(remis|distribu|délivr|transmis|achemin|envoy)",
        "Votre message n'a pas pu être remis à",
    ),
    (
        r"(échec|echec|erreur) (de|lors de|dans)( la| l'|l')? ?(remise|distribution|livraison|envoi|acheminement)|non remis",
        "Échec de la remise",
    ),
    (
        r"\bno (se )?(ha |pudo |puede |pudieron |ha sido ).{0,30}(entreg|enviar|enviad)|error (de|en la) entrega",
        "No se ha podido entregar su mensaje",
    ),
    (
        r"\bnão (pôde|foi|pode|é) .{0,40}(entreg|enviad)|falha na entrega|devolvida? ao remetente",
        "Sua mensagem não pôde ser entregue",
    ),
    (
        r"(impossibile|non (è stato|è stata|può|possibile)).{0,40}(recapit|consegn|inoltr)|mancato recapito",
        "Impossibile recapitare il messaggio",
    ),
    (
        r"\bniet .{0,30}(bezorgd|afgeleverd|verzonden)",
        "Uw bericht kon niet worden bezorgd",
    ),
    (
        r"kunde inte (levereras|skickas)|kunne ikke (leveres|sendes)",
        "Meddelandet kunde inte levereras",
    ),
    (
        r"\bnie .{0,30}(dostarcz|doręcz)|nelze doručit|nebyl[oay]? .{0,20}doruč|toimitus epäonnistui",
        "Wiadomość nie została dostarczona",
    ),
    // Russian, Greek, Turkish, Japanese, Chinese, Korean.
    (
        r"не (может|могло|удалось|было|был) .{0,40}доставлен|не доставлен|недоставлен|не удалось доставить|невозможно доставить",
        "Ваше письмо не может быть доставлено",
    ),
    (
        r"δεν .{0,30}παραδο|teslim edilemedi|iletilemedi",
        "İletiniz teslim edilemedi",
    ),
    (
        r"配信(でき|不能)|送信でき|配送でき|届け(られ|でき)|送信されません|エラーメール|配信に失敗",
        "次の宛先に配信できませんでした",
    ),
    (
        r"无法(投递|送达|传递|发送)|無法(投遞|傳送|遞送)|退信|投递失败|发送失败|未能(送达|投递)",
        "您的邮件无法投递",
    ),
    (
        r"전송(되지|하지|에 실패|할 수)|배달(되지|할 수)|수신할 수 없",
        "메일이 전송되지 않았습니다",
    ),
]);

/// It is still tried: nobody has failed yet.
pub(super) static DELAYS: Phrases = Phrases::new(&[
    (
        r"\b(has|have|been|is|was|message|mail|delivery|being) (\w+ )?(delayed|postponed|deferred)",
        "Your message has been delayed",
    ),
    (
        r"\bdelayed (mail|message|deliver)|delivery delay",
        "Delayed Mail (still being retried)",
    ),
    (
        r"\bnot (yet )?been (yet )?(delivered|received|able to be delivered) yet|\bnot yet (been )?(deliver|receiv)",
        "recipients have not yet received your message",
    ),
    (
        r"\bstill (being )?(re)?tr(ied|ying)|\bstill (awaiting|waiting|in the queue|queued)",
        "is still awaiting delivery",
    ),
    (
        r"\bwill (also )?(be )?(re-?tr(y|ied)|continue|keep)",
        "The server will continue trying for up to 21 hours",
    ),
    (
        r"\b(attempts?|efforts?) (\S+ ){0,6}will (be|continue)",
        "Delivery attempts will continue to be made",
    ),
    (
        r"\b(we|i|it|server|system)('ll| will| shall) (\w+ )?(re-?try|try)",
        "We will try again for five days",
    ),
    (
        r"\bwarning only|\bonly a (warning|notification about a delay)",
        "THIS IS A WARNING ONLY",
    ),
    (
        r"\b(no|not|n't) (\w+ )?(need|have|action|required)( to)? (\w+ )?(re-?send|on your part|is required)",
        "You do not need to resend your message",
    ),
    (r"\bno action is required", "No action is required on your part"),
    (
        r"\btransient non-?fatal",
        "----- The following addresses had transient non-fatal errors -----",
    ),
    (
        r"\bcould not send message for (the )?past",
        "Warning: could not send message for past 4 hours",
    ),
    (
        r"\bdeliver\w* (\S+ ){0,4}(temporarily (suspended|delayed|failed)|suspended)",
        "Delivery to ann@x.example is temporarily suspended",
    ),
    (
        r"wird (\w+ )?weiter(hin)? versucht|verzögert|zustellversuche werden",
        "Die Zustellung wird weiter versucht",
    ),
    (
        r"(sera|seront) (à nouveau |encore )?(retent|réessay)|retard(é|ée) dans|seguirá intentando|reintentar",
        "La remise sera à nouveau retentée",
    ),
]);

/// It is given up, whatever else is said about trying.
pub(super) static FINALS: Phrases = Phrases::new(&[
    (r"\bpermanent(ly)?\b", "This is a permanent error"),
    (
        r"\bgiv(en|ing) up\b|\bgave up\b|\bhas given up",
        "I've given up. Sorry it didn't work out",
    ),
    (
        r"\bno (further|more) (delivery )?attempts?|will not be (re-?tried|attempted again)",
        "No further attempts will be made",
    ),
    (
        r"\b(is|are) being returned|\bhas (now )?been returned",
        "The message is being returned to you",
    ),
    (r"(^|[^-\w])fatal errors?\b", "had permanent fatal errors"),
    (
        r"\bretry (time|timeout)( not reached| exceeded)",
        "retry timeout exceeded",
    ),
]);

/// All went well.
pub(super) static SUCCESSES: Phrases = Phrases::new(&[
    (
        r"\b(successfully|has been|was|were) (been )?(delivered|relayed|sent) to\b",
        "was successfully delivered to",
    ),
    (r"\bsuccessful(ly)? (mail )?deliver", "Successful Mail Delivery Report"),
]);

/// From this line on it is our own message that is read back to us.
pub(super) static DIVIDERS: Phrases = Phrases::new(&[
    (
        r"^\W*((this|here|below|what follows|the following) (is|are|line)|included|attached|enclosed|below)\b.{0,40}\b(copy|text|headers?|beginning|contents?|part|lines)\b.{0,40}\b(message|mail|letter|headers)",
        "--- Below this line is a copy of the message.",
    ),
    (
        r"^\W*(attachment is )?(a )?copy of (the|your) (\w+ )?(message|mail)",
        "A copy of the original message below this line:",
    ),
    (
        r"^\W*(your|the original) (message|mail) (reads|read|was|said)\b.{0,20}:$|^\W*old (message|mail):",
        "Your message reads (in part):",
    ),
    (
        r"^\W*(the )?first \d+ \w+ of ",
        "The first 50 lines of your original message follow:",
    ),
    (
        r"^\W*(the )?((original|unsent|undelivered|rejected|failed|bounced|source|your|transmitted|non-delivered) )*(e-?mail|message|mail)( text| headers?| contents?| body| source| details| as received)* ?((is |are |was |were )?(as )?follow(s|ing)?|below|follows? below|(is|are) (attached|included|enclosed|below|appended))( this line| here| to this \w+)?[^\w]*$",
        "The Original Message follows:",
    ),
    (
        r"^\W*-{2,}\W*(the )?((original|returned|unsent|undelivered|undeliverable|forwarded|rejected|your|source) (message|e-?mail|mail)|(begin|start)\w* (of )?(\w+ )?(message|e-?mail|mail)|(message|mail) (headers?|body|text|source|contents?)|(headers?|body|copy|start|top|text|content) of)\b",
        "---- Header of the source mail attached ----",
    ),
    (
        r"^\W*(original|returned) (message|mail) (headers?|details|source)\W*$",
        "Original message headers:",
    ),
    (
        r"^\W*(original|returned|unsent) (message|mail)\W*$",
        "===== Original message =====",
    ),
    (
        r"^[> ]{0,5}(received: (from|by|\(|with)|return-path: ?<|mime-version: ?1|dkim-signature: |arc-seal: |x-original-to: )",
        "Received: from mx.x.example by y.example",
    ),
    (
        r"^\W*(ursprüngliche |original)(nachricht|mail)\W*$|^\W*message (d'origine|original)\W*$|^\W*mensaje original\W*$|^\W*messaggio originale\W*$",
        "----- Ursprüngliche Nachricht -----",
    ),
]);

/// From this line on it is a log of what was said between two hosts; the list of who failed is over.
pub(super) static TRANSCRIPTS: Phrases = Phrases::new(&[
    (
        r"\btranscript of (the )?session",
        "----- Transcript of session follows -----",
    ),
    (
        r"^\W*(technical|error|diagnostic|additional|debug\w*) (details?|information|info)\b",
        "Technical details:",
    ),
    (r"\bsmtp (session|conversation|dialog|log)\b", "SMTP conversation:"),
]);

/// Addresses beside these are of people to ask, and of nobody who failed.
pub(super) static CONTACTS: Phrases = Phrases::new(&[
    (
        r"\bcontact\b|\bassistance\b|\bhelp ?desk\b|\bsupport\b|\badministrator\b",
        "Please contact help@x.example",
    ),
    (
        r"\bif you (feel|believe|think|have|do so|want|wish|need|received)",
        "if you feel this message to be in error",
    ),
    (
        r"\b(send|forward|write|reply|respond|report|e-?mail|mail) (\S+ ){0,4}to:? *[<\W]*\S+@",
        "For further assistance, please send mail to <postmaster@x.example>",
    ),
    (
        r"\bfor (more|further) (information|details|help)|\bquestions?\b|\bunsubscribe\b",
        "If there are any questions ask postmaster@x.example",
    ),
]);

/// An address after one of these words is of who sent it.
pub(super) static SENDERS: Phrases = Phrases::new(&[
    (
        r"\b(from|by|via|sender|author|originator|de|von|da|fra|van)\W*$",
        "not accepting mail from <",
    ),
    (
        r"^\W*(from|sender|reply-?to|subject|message-?id|references|in-reply-to|date|sent|received|return-path|errors-to|cc|bcc|mail from|>>> mail from|envelope-from|envelope sender|x-[\w-]+|de|von|betreff|objet|asunto|reporting-mta|original message sender|on behalf of)( \w+)?\W*:",
        "  Sender: ann@x.example",
    ),
]);

/// An address after one of these words is of who should have got it.
pub(super) static RECIPIENTS: Phrases = Phrases::new(&[
    (
        r"\b(recipients?|addressees?)( address| name| e-?mail)?( is)?\W*$|\brcpt( to)?\W*$",
        "Intended recipient: <",
    ),
    (
        r"\berror-?for\W*$|\b(addressed|intended|destined|directed)( to| for)?\W*$|\b(failed|original|bad|unknown) (address|user)\W*$",
        "Error-for:  ",
    ),
    (
        r"\b(empfänger(adresse)?|destinataire|destinatario|destinatário|ontvanger|получатель|宛先|送信先|收件人)\W*$",
        "Empfänger: <",
    ),
]);

/// Our own message's `To:`, which a bounce may repeat.
pub(super) static ADDRESSED: Phrases = Phrases::new(&[(r"^\W*(to|an|à|para|a|aan)\W*:\W*$", "  To:      ")]);

/// Who sends what comes back.
pub(super) static DAEMONS: Phrases = Phrases::new(&[
    (
        r"mailer[-_. ]?daemon|mail[-_. ]?(delivery|system|administrator|admin|server|daemon|service)",
        "MAILER-DAEMON@x.example",
    ),
    (
        r"\bpost-?(master|office)\b|\bpostmast",
        "Postmaster <postmaster@x.example>",
    ),
    (
        r"delivery (sub)?system|mail ?er\b|\bmta\b|\bbounce|\bmdaemon\b|\bndr@|\bsmtp[-_]|smtp_mail|(system|exchange) administrator",
        "Mail Delivery Subsystem",
    ),
    (r"^\W*$|^[^@]*<>\W*$", "\"Jetmail System\" <>"),
]);

/// What the subject of a bounce says.
pub(super) static SUBJECTS: Phrases = Phrases::new(&[
    (
        r"undeliver|not (be )?deliver|non-?deliver|delivery (status )?(notif|fail|report|problem|error|warn)|\bndn:|\bndr:",
        "Undelivered Mail Returned to Sender",
    ),
    (
        r"(mail|message|delivery) (\w+ )?(fail|error|warning|problem|rejected|blocked|delayed|refused)|returned (e-?mail|mail|message)|\bbounce",
        "Mail Error",
    ),
    (
        r"fail(ed|ure) (notice|notif|mail|deliver|message|to deliver)|user unknown|unknown user|could not be (delivered|sent)|non remis|unzustellbar",
        "failure notice",
    ),
    (
        r"fehler bei der|(échec|echec) d|falha n|mancat[ao] (recapito|consegna)|error (de|en) (la )?entrega|не доставлен|недоставлен|配信|退信|送信エラー",
        "Échec de la remise : réunion",
    ),
]);

/// What the subject of an automatic reply says.
pub(super) static AWAY: Phrases = Phrases::new(&[
    (
        r"\bout[ -]of[ -](the )?office|\boo[ot]o\b|\bauto(matic|mated)?[ -_]?(reply|response|answer|responder|acknowledg)",
        "Out of Office: exam week",
    ),
    (
        r"\b(on|annual|vacation|away|holiday) (leave|message|notice|notification|reply|vacation)|\bvacation\b|\baway from (my|the)",
        "vacation notice",
    ),
    (
        r"abwesen|automatische (antwort|e-?mail)|eingangsbestätigung|automatisch antwoord|afwezig",
        "Abwesenheitsnotiz",
    ),
    (
        r"réponse automatique|absence du bureau|absent|respuesta automática|fuera de (la )?oficina|resposta automática|risposta automatica|fuori sede",
        "Réponse automatique : réunion",
    ),
    (
        r"automatiskt? svar|autosvar|frånvaro|fravær|automatyczna odpowiedź|автоответ|отсутств|自動(応答|返信)|不在|自动(回复|答复)",
        "Autosvar: eksamen",
    ),
    (
        r"\b(we|i) (have )?received your (e-?mail|message|request)|thank you for (your|contacting)|\bticket\b|\bconfirm your|please confirm|\bread:|\bverify your message",
        "Thank you for contacting us",
    ),
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phrase_stands_in_its_sample() {
        let tables = [
            ("failures", &FAILURES),
            ("delays", &DELAYS),
            ("finals", &FINALS),
            ("successes", &SUCCESSES),
            ("dividers", &DIVIDERS),
            ("transcripts", &TRANSCRIPTS),
            ("contacts", &CONTACTS),
            ("senders", &SENDERS),
            ("recipients", &RECIPIENTS),
            ("addressed", &ADDRESSED),
            ("daemons", &DAEMONS),
            ("subjects", &SUBJECTS),
            ("away", &AWAY),
        ];
        for (name, phrases) in tables {
            for (pattern, sample) in phrases.table {
                let set = compiled(std::iter::once(*pattern));
                assert!(
                    set.is_match(&plain_line(sample)),
                    "{name}: {pattern} is not in {sample:?}"
                );
                assert!(phrases.are_in(&plain_line(sample)), "{name}: {sample}");
            }
        }
    }

    /// As [`plain`], with the space at its end that a prefix may have.
    fn plain_line(sample: &str) -> String {
        let tail = if sample.ends_with(' ') { " " } else { "" };
        format!("{}{tail}", plain(sample))
    }

    #[test]
    fn where_a_list_begins_is_not_where_our_message_does() {
        for line in [
            "--------Message not delivered to the following:",
            "------ Failed Recipients ------",
            "Your message",
            "The following addresses did NOT receive a copy of your message:",
            "The email below could not be delivered to the following user:",
            "Your message to the following recipients could not be delivered:",
            "   ----- The following addresses had permanent fatal errors -----",
            "below could not be delivered to one or more destinations.",
            "The original message was received at Sat, 14 Oct 2000 06:14:45 +0200",
        ] {
            assert!(!DIVIDERS.are_in(&plain(line)), "{line}");
        }
    }
}
