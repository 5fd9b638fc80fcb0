//! Ends of data that are and are not, and the laws of the readers.

use proptest::prelude::*;

use super::*;
use crate::smtp::client::{END_OF_DATA, stuff};

const STRICT: DataRules = DataRules {
    message_bytes_max: 100,
    line_bytes_max: 40,
    bare_lf: BareLf::Refuse,
};

const RELAXED: DataRules = DataRules {
    bare_lf: BareLf::Normalise,
    ..STRICT
};

/// What the reader gives, and how many octets it left.
fn data<'a>(rules: DataRules, slices: impl IntoIterator<Item = &'a [u8]>) -> (Option<Received>, usize) {
    let mut reader = DataReader::new(rules);
    let mut received = None;
    let mut left = 0;
    for mut slice in slices {
        if received.is_none() {
            received = reader.read(&mut slice);
        }
        left += slice.len();
    }
    (received, left)
}

fn chunks<'a>(rules: DataRules, slices: impl IntoIterator<Item = &'a [u8]>) -> Received {
    let mut reader = ChunkReader::new(rules);
    for slice in slices {
        reader.read(slice);
    }
    reader.finish()
}

#[track_caller]
fn check(rules: DataRules, input: &[u8], expected: Result<&[u8], Unacceptable>) {
    assert_eq!(data(rules, [input]), (Some(expected.map(<[u8]>::to_vec)), 0));
}

#[test]
fn a_message_ends_at_a_dot_on_its_own_line() {
    check(STRICT, b"a\r\n.\r\n", Ok(b"a\r\n"));
    check(STRICT, b"a\r\n\r\n.\r\n", Ok(b"a\r\n\r\n"));
    check(STRICT, b".\r\n", Ok(b""));
    assert_eq!(data(STRICT, [&b"a\r\n.\r\nQUIT\r\n"[..]]).1, 6);
    assert_eq!(data(STRICT, [&b"a\r\n."[..]]).0, None);
}

#[test]
fn a_dot_that_was_added_is_taken_away() {
    check(STRICT, b"..\r\n.a\r\n.\r\n", Ok(b".\r\na\r\n"));
    check(STRICT, b"a..b.\r\n...\r\n.\r\n", Ok(b"a..b.\r\n..\r\n"));
}

#[test]
fn no_other_end_is_taken_for_one() {
    for end in [
        "\n.\n",
        "\n.\r\n",
        "\r\n.\n",
        "\r.\r",
        "\r.\r\n",
        "\n.\r",
        "\r\n.\r",
        "\r\n.\r\r\n",
        "\r.\n",
        "\n\r.\r\n",
        "\n\n.\r\n",
        "\r\r\n.\r\n",
    ] {
        // The reader may stop there, but never with a message: what follows goes down with the connection.
        let input = format!("a{end}MAIL FROM:<evil@x.example>\r\n.\r\n");
        let (received, _left) = data(STRICT, [input.as_bytes()]);
        assert_eq!(received, Some(Err(Unacceptable::BareLineBreak)), "{end:?}");
    }
    let nuls = ["\r\n.\0\r\n", "\r\n\0.\r\n", "\0\r\n.\0"];
    for end in nuls {
        let input = format!("a{end}b\r\n.\r\n");
        assert_eq!(
            data(STRICT, [input.as_bytes()]),
            (Some(Err(Unacceptable::Nul)), 0),
            "{end:?}"
        );
    }
    // A NUL between CR and LF makes both of them bare.
    let (received, _left) = data(STRICT, [&b"a\r\0\n.\r\n"[..]]);
    assert_eq!(received, Some(Err(Unacceptable::BareLineBreak)));
}

#[test]
fn what_is_too_large_is_read_to_its_end_and_not_kept() {
    let line = format!("{}\r\n", "x".repeat(38));
    check(
        STRICT,
        format!("{}.\r\n", line.repeat(2)).as_bytes(),
        Ok(line.repeat(2).as_bytes()),
    );
    check(
        STRICT,
        format!("{}.\r\n", line.repeat(3)).as_bytes(),
        Err(Unacceptable::TooLarge),
    );
    check(
        STRICT,
        format!("{}\r\n.\r\n", "x".repeat(41)).as_bytes(),
        Err(Unacceptable::LineTooLong),
    );
    let exact = DataRules {
        message_bytes_max: 80,
        ..STRICT
    };
    check(
        exact,
        format!("{}.\r\n", line.repeat(2)).as_bytes(),
        Ok(line.repeat(2).as_bytes()),
    );
}

#[test]
fn a_line_of_ten_megabytes_takes_no_memory() {
    let mut reader = DataReader::new(STRICT);
    let block = vec![b'x'; 10_000];
    for _ in 0..1_000 {
        assert_eq!(reader.read(&mut block.as_slice()), None);
    }
    assert_eq!(reader.content.bytes.capacity(), 0);
    assert_eq!(
        reader.read(&mut &b"\r\n.\r\n"[..]),
        Some(Err(Unacceptable::LineTooLong))
    );
}

#[test]
fn our_own_relay_may_send_bare_lf_but_not_end_with_it() {
    check(RELAXED, b"a\nb\r\n.\r\n", Ok(b"a\r\nb\r\n"));
    check(RELAXED, b"a\n.\nb\r\n.\r\n", Ok(b"a\r\n.\r\nb\r\n"));
    check(RELAXED, b"a\n.\r\nb\r\n.\r\n", Ok(b"a\r\n.\r\nb\r\n"));
    check(RELAXED, b"a\r\n.\nb\r\n.\r\n", Ok(b"a\r\n.\r\nb\r\n"));
    check(RELAXED, b"a\n..b\r\n.\r\n", Ok(b"a\r\n..b\r\n"));
    assert_eq!(
        data(RELAXED, [&b"a\rb\r\n.\r\n"[..]]).0,
        Some(Err(Unacceptable::BareLineBreak))
    );
    assert_eq!(chunks(RELAXED, [&b"a\nb\r\n"[..]]), Ok(b"a\r\nb\r\n".to_vec()));
}

#[test]
fn chunks_know_no_dots_but_the_same_line_ends() {
    assert_eq!(chunks(STRICT, [&b"a\r"[..], b"\n.\r\n"]), Ok(b"a\r\n.\r\n".to_vec()));
    assert_eq!(chunks(STRICT, [&b"a"[..]]), Ok(b"a".to_vec()));
    assert_eq!(chunks(STRICT, []), Ok(vec![]));
    for input in ["a\nb\r\n", "a\rb\r\n", "a\r", "a\r\r\n"] {
        assert_eq!(
            chunks(STRICT, [input.as_bytes()]),
            Err(Unacceptable::BareLineBreak),
            "{input:?}"
        );
    }
    assert_eq!(chunks(STRICT, [&b"a\0"[..]]), Err(Unacceptable::Nul));
    assert_eq!(
        chunks(STRICT, [&b"abc\r\n".repeat(21)[..]]),
        Err(Unacceptable::TooLarge)
    );
}

/// Bytes in which everything that matters to the readers is likely.
fn wild() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        4 => Just(b'\r'), 4 => Just(b'\n'), 3 => Just(b'.'), 3 => Just(b'a'), 1 => any::<u8>()
    ];
    proptest::collection::vec(byte, 0..60)
}

proptest! {
    #[test]
    fn what_was_stuffed_comes_out_as_it_was(lines in proptest::collection::vec("[.a]{0,5}", 0..9)) {
        let message: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let sent = [&stuff(message.as_bytes()), END_OF_DATA].concat();
        prop_assert_eq!(data(STRICT, [sent.as_slice()]), (Some(Ok(message.into_bytes())), 0));
    }

    #[test]
    fn slicing_changes_nothing(bytes in wild(), cut in 1usize..9) {
        for rules in [STRICT, RELAXED] {
            prop_assert_eq!(data(rules, bytes.chunks(cut)), data(rules, [bytes.as_slice()]));
            prop_assert_eq!(chunks(rules, bytes.chunks(cut)), chunks(rules, [bytes.as_slice()]));
        }
    }

    #[test]
    fn what_is_taken_has_whole_line_ends_only(bytes in wild()) {
        for rules in [STRICT, RELAXED] {
            let taken = [data(rules, [bytes.as_slice()]).0, Some(chunks(rules, [bytes.as_slice()]))];
            for message in taken.into_iter().flatten().flatten() {
                let rest = String::from_utf8_lossy(&message).replace("\r\n", "");
                prop_assert!(!rest.contains(['\r', '\n', '\0']));
            }
        }
    }

    #[test]
    fn data_ends_where_crlf_dot_crlf_first_stands(bytes in wild()) {
        let (received, left) = data(STRICT, [bytes.as_slice()]);
        if let Some(Ok(_message)) = received {
            let framed = [b"\r\n".as_slice(), &bytes].concat();
            let at = framed.windows(5).position(|five| five == b"\r\n.\r\n");
            prop_assert_eq!(Some(bytes.len() - left), at.map(|at| at + 3));
        }
    }
}
