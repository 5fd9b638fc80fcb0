//! Receiving: octets that are no commands: a message by DATA, a chunk by BDAT, or a chunk that was refused.
//!
//! # Standards
//! RFC 5321 §4.1.1.4 (DATA), RFC 3030 §2 (BDAT: a refused chunk is read all the same).

use super::channel::Channel;
use super::named::Named;
use super::reading::{Progress, Reading};
use super::{Session, Step};
use crate::mail::Envelope;
use crate::smtp::Reply;
use crate::smtp::command::Chunk;
use crate::smtp::data::{ChunkReader, DataReader, Received};

/// A session that reads message bytes.
#[derive(Debug)]
pub struct Receiving(Source);

#[derive(Debug)]
enum Source {
    Data {
        named: Named,
        envelope: Envelope,
        reader: DataReader,
    },
    Chunk {
        chunking: Chunking,
        left: u64,
        is_last: bool,
    },
    Discard {
        session: Session,
        left: u64,
        reply: Reply,
    },
}

impl Receiving {
    pub(super) fn read(self, input: &mut &[u8]) -> Progress {
        match self.0 {
            Source::Data {
                named,
                envelope,
                mut reader,
            } => match reader.read(input) {
                Some(received) => Progress::Done(hand_over(named, envelope, received)),
                None => more(Self(Source::Data {
                    named,
                    envelope,
                    reader,
                })),
            },
            Source::Chunk {
                mut chunking,
                left,
                is_last,
            } => {
                let (chunk, left) = take(input, left);
                chunking.chunks.read(chunk);
                match left {
                    0 => Progress::Done(chunking.settle(is_last)),
                    left => more(Self(Source::Chunk {
                        chunking,
                        left,
                        is_last,
                    })),
                }
            }
            Source::Discard { session, left, reply } => match take(input, left).1 {
                0 => Progress::Done(session.say(reply)),
                left => more(Self(Source::Discard { session, left, reply })),
            },
        }
    }

    pub(super) fn data(named: Named, envelope: Envelope) -> Self {
        let reader = DataReader::new(named.channel().settings.data);
        Self(Source::Data {
            named,
            envelope,
            reader,
        })
    }

    /// Reads a chunk that was refused, then says so.
    pub(super) fn discard(session: Session, chunk: Chunk, reply: Reply) -> Step {
        let left = chunk.bytes;
        begin(Self(Source::Discard { session, left, reply }))
    }
}

fn more(receiving: Receiving) -> Progress {
    Progress::More(Reading::Message(receiving))
}

/// A chunk may be empty: then no octet will come to read on with.
fn begin(receiving: Receiving) -> Step {
    match receiving.read(&mut &[][..]) {
        Progress::More(reading) => Step::Receive(reading, None),
        Progress::Done(step) => step,
    }
}

/// As much of the input as belongs to the chunk, and how much of the chunk is left.
fn take<'a>(input: &mut &'a [u8], left: u64) -> (&'a [u8], u64) {
    let count = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
    let (taken, rest) = input.split_at_checked(count).unwrap_or((input, &[]));
    *input = rest;
    (taken, left.saturating_sub(u64::try_from(count).unwrap_or(u64::MAX)))
}

fn hand_over(mut named: Named, envelope: Envelope, received: Received) -> Step {
    named.channel_mut().forget_commands();
    match received {
        Ok(message) => Step::Submit(named, envelope, message),
        Err(why) => {
            let bytes_max = named.channel().settings.data.message_bytes_max;
            named.answer(Reply::unacceptable(why, bytes_max))
        }
    }
}

/// A session within a transaction, between two chunks of the message.
#[derive(Debug)]
pub struct Chunking {
    named: Named,
    envelope: Envelope,
    chunks: ChunkReader,
}

impl Chunking {
    pub(super) fn begin(named: Named, envelope: Envelope) -> Self {
        let chunks = ChunkReader::new(named.channel().settings.data);
        Self {
            named,
            envelope,
            chunks,
        }
    }

    /// Another chunk follows.
    pub(super) fn next(self, chunk: Chunk) -> Step {
        begin(Receiving(Source::Chunk {
            chunking: self,
            left: chunk.bytes,
            is_last: chunk.is_last,
        }))
    }

    /// Forgets the transaction.
    pub(super) fn end(self) -> Named {
        self.named
    }

    pub(super) fn channel(&self) -> &Channel {
        self.named.channel()
    }

    pub(super) fn channel_mut(&mut self) -> &mut Channel {
        self.named.channel_mut()
    }

    fn settle(self, is_last: bool) -> Step {
        if is_last {
            return hand_over(self.named, self.envelope, self.chunks.finish());
        }
        let reply = match self.chunks.fault() {
            Some(why) => Reply::unacceptable(why, self.channel().settings.data.message_bytes_max),
            None => Reply::ok(),
        };
        Session::Chunking(self).say(reply)
    }
}
