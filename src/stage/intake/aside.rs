//! Aside: what takes the processor is done beside the threads that serve the others.

use crate::store::Error;

/// Octets of a message that is read where it is: to hand it to another thread takes as long.
const SHORT_MAX: usize = 16 * 1024;

/// Whether a message is read in no time: short, and nothing in it is to be unpacked.
pub(super) fn is_short(message: &[u8], content_type: Option<&str>) -> bool {
    let kind = content_type.unwrap_or("text/plain").trim_start();
    let is_text = kind.get(..5).is_some_and(|kind| kind.eq_ignore_ascii_case("text/"));
    message.len() <= SHORT_MAX && is_text
}

/// Does the work: here when it is short, else on a thread of its own.
pub(super) async fn aside<T: Send + 'static>(
    is_short: bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    if is_short {
        return Ok(work());
    }
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|panicked| Error::Disk(panicked.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_unpacked_is_not_short() {
        assert!(is_short(b"Hello", None) && is_short(b"Hello", Some(" Text/html; charset=utf-8")));
        assert!(!is_short(b"Hello", Some("multipart/mixed; boundary=x")));
        assert!(!is_short(b"Hello", Some("application/zip")));
        assert!(!is_short(&[b'a'; SHORT_MAX + 1], None));
    }
}
