//! Zone: a name server on loopback that knows what a test has told it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, TXT};
use hickory_resolver::proto::rr::{RData, Record};
use tokio::net::UdpSocket;

use super::{DnsSettings, Names};

/// What names are, in lower case and with their last dot; `None` while nobody can say anything.
type Known = Arc<Mutex<Option<BTreeMap<String, Vec<RData>>>>>;

/// A name server; it answers as long as the test runs.
pub(in crate::stage::deliver) struct Zone {
    address: SocketAddr,
    known: Known,
}

impl Zone {
    /// One that knows of no name.
    pub(in crate::stage::deliver) async fn open() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let zone = Self {
            address: socket.local_addr().expect("a port"),
            known: Arc::new(Mutex::new(Some(BTreeMap::new()))),
        };
        tokio::spawn(serve(socket, Arc::clone(&zone.known)));
        zone
    }

    /// Who asks it, and remembers nothing of what was answered before.
    pub(in crate::stage::deliver) fn asked(&self) -> Names {
        let settings = DnsSettings {
            servers: vec![self.address],
            ..DnsSettings::default()
        };
        Names::new(&settings).expect("a resolver")
    }

    /// A name has this text, in parts as long as DNS bears.
    pub(in crate::stage::deliver) fn say(&self, name: &str, text: &str) {
        let parts = text.as_bytes().chunks(200);
        let parts = parts.map(|part| String::from_utf8_lossy(part).into_owned());
        self.add(name, RData::TXT(TXT::new(parts.collect())));
    }

    /// A host is on this machine.
    pub(in crate::stage::deliver) fn house(&self, host: &str) {
        self.add(host, RData::A(A(Ipv4Addr::LOCALHOST)));
    }

    /// From now on it answers that it cannot.
    pub(in crate::stage::deliver) fn fall_silent(&self) {
        *self.known.lock().expect("nobody else panicked") = None;
    }

    fn add(&self, name: &str, data: RData) {
        let mut known = self.known.lock().expect("nobody else panicked");
        let known = known.as_mut().expect("it answers");
        known.entry(format!("{name}.")).or_default().push(data);
    }
}

async fn serve(socket: UdpSocket, known: Known) {
    let mut query = [0; 1_500];
    while let Ok((length, from)) = socket.recv_from(&mut query).await {
        let query = Message::from_vec(&query[..length]).expect("a question");
        let answer = answer(&query, &known).to_vec().expect("an answer");
        socket.send_to(&answer, from).await.expect("it is sent");
    }
}

fn answer(query: &Message, known: &Known) -> Message {
    let mut answer = Message::response(query.metadata.id, query.metadata.op_code);
    answer.metadata.recursion_desired = query.metadata.recursion_desired;
    answer.metadata.recursion_available = true;
    answer.add_queries(query.queries.clone());
    let asked = query.queries.first().expect("one question");
    let name = asked.name().to_ascii().to_lowercase();
    answer.metadata.response_code = match &*known.lock().expect("nobody else panicked") {
        None => ResponseCode::ServFail,
        Some(known) => match known.get(&name) {
            None => ResponseCode::NXDomain,
            Some(records) => {
                let of_kind = records.iter().filter(|data| data.record_type() == asked.query_type());
                answer.add_answers(of_kind.map(|data| Record::from_rdata(asked.name().clone(), 60, data.clone())));
                ResponseCode::NoError
            }
        },
    };
    answer
}

#[tokio::test]
async fn it_is_asked_and_answers() {
    let zone = Zone::open().await;
    zone.house("mx.example.com");
    zone.say("example.com", &"x".repeat(300));
    let names = zone.asked();
    let localhost = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
    assert_eq!(names.addresses("mx.example.com").await, Ok(localhost));
    assert_eq!(names.addresses("mx.example.net").await, Ok(vec![]));
    let (texts, _) = names.texts("example.com").await.expect("a text");
    assert_eq!(texts, ["x".repeat(300)]);
    zone.fall_silent();
    assert!(
        zone.asked()
            .texts("example.com")
            .await
            .is_err_and(|missing| matches!(missing, super::Missing::NotNow(_)))
    );
}
