//! Rows that a directory or a database sends, handed to the one who judges them: a few at a time, so that a slow reader
//! slows the source and nothing piles up.

use tokio::sync::mpsc;

use super::Source;
use crate::decide::feed::{Broken, Next, Record, Rows, Unit};

/// Packets that may wait.
const PACKETS_MAX: usize = 4;

/// What a source sends.
#[derive(Debug)]
pub(super) enum Packet {
    /// Rows; the first of all names the columns. What is no row says what is wrong with it.
    Rows(Vec<Result<Record, String>>),
    /// All has come.
    End,
}

/// The sending end.
pub(super) type Sending = mpsc::Sender<Result<Packet, Broken>>;

/// The receiving end.
pub(super) struct Fetched {
    unit: Unit,
    packets: mpsc::Receiver<Result<Packet, Broken>>,
    rows: std::vec::IntoIter<Result<Record, String>>,
    /// The row that was handed over last; the one that names the columns is 0.
    number: Option<u64>,
}

/// Starts to fetch.
pub(super) fn begin(source: Source) -> Fetched {
    let (sending, packets) = mpsc::channel(PACKETS_MAX);
    let unit = match &source {
        Source::Ldap(_) => Unit::Entry,
        Source::Postgres(_) => Unit::Row,
    };
    // It ends when the source does, or when nobody wants its rows any more.
    let _fetching = tokio::spawn(async move {
        let fetched = match &source {
            Source::Ldap(directory) => directory.fetch(&sending).await,
            Source::Postgres(database) => database.fetch(&sending).await,
        };
        let _nobody_waits = sending.send(fetched.map(|()| Packet::End)).await;
    });
    Fetched {
        unit,
        packets,
        rows: Vec::new().into_iter(),
        number: None,
    }
}

/// Hands rows over; an error says that nobody wants them.
pub(super) async fn send(sending: &Sending, rows: Vec<Result<Record, String>>) -> Result<(), Broken> {
    let sent = sending.send(Ok(Packet::Rows(rows))).await;
    sent.map_err(|_closed| Broken("nobody wanted the rows any more".to_owned()))
}

impl Rows for Fetched {
    fn unit(&self) -> Unit {
        self.unit
    }

    fn next(&mut self, record: &mut Record) -> Result<Next, Broken> {
        loop {
            if let Some(row) = self.rows.next() {
                let number = self.number.map_or(0, |number| number + 1);
                self.number = Some(number);
                return Ok(match row {
                    Ok(row) => {
                        *record = row;
                        Next::Row(number)
                    }
                    Err(what) => Next::Flaw(number, what),
                });
            }
            match self.packets.blocking_recv() {
                Some(Ok(Packet::Rows(rows))) => self.rows = rows.into_iter(),
                Some(Ok(Packet::End)) => return Ok(Next::End),
                Some(Err(broken)) => return Err(broken),
                None => return Err(Broken("the source was not read to its end".to_owned())),
            }
        }
    }
}
