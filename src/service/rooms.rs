//! Rooms: what the parts of the gateway stand on, made from the settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::doors::{http, local};
use super::{Keys, PublicSocket, Sockets, feeds, metrics, sending, tls};
use crate::clock::Clock;
use crate::config::{Config, Gateway};
use crate::console::api::{self, ApiState, Door, Reload};
use crate::console::{self, Guests, Operations, PublicState, ReadToken};
use crate::decide::compose;
use crate::decide::notice::Notices;
use crate::decide::shape::Shape;
use crate::mail::{Address, Domain};
use crate::model::{Letterbox, Selection, TokenKey, TokenKind};
use crate::stage::import::{self, Importer};
use crate::stage::intake::{Gate, GateSettings, Reception, Voucher, listen};
use crate::stage::review::{self, Desk};
use crate::stage::worker::Shutdown;
use crate::stage::{deliver, expand, feedback, tend};
use crate::store::Store;

/// What the parts of the gateway stand on.
pub(super) struct Rooms {
    pub(super) store: Store,
    pub(super) clock: Clock,
    desk: Desk,
    importer: Importer,
    compose: Arc<compose::Settings>,
    notices: Arc<Notices>,
    pub(super) deliver: deliver::Settings,
    /// Asks DNS; `None` when there is no resolver.
    names: Option<Arc<deliver::Names>>,
    audiences: Arc<BTreeMap<String, Selection>>,
    tend: tend::Settings,
    oidc: Option<console::oidc::Settings>,
    operations: Operations,
    figures: metrics::Figures,
    guests: Guests,
    pub(super) reload: Reload,
    campus_domains: Vec<Domain>,
}

impl Rooms {
    /// Rooms by these settings; in the place of others, what outlives those goes on.
    pub(super) fn new(
        config: &Config,
        keys: &Keys,
        store: &Store,
        clock: &Clock,
        (reload, before): (Reload, Option<&Self>),
    ) -> anyhow::Result<Self> {
        let gateway = &config.gateway;
        let notices = Arc::new(Notices {
            templates: config.templates.clone(),
            from: gateway.notices_from.clone(),
            organization: gateway.organization.clone(),
            hostname: gateway.hostname.to_string(),
            console_url: gateway.console.url.clone(),
            tokens: keys.tokens.clone(),
            lists_domain: gateway.lists_domain.clone(),
            zone: gateway.time_zone.clone(),
        });
        let compose = Arc::new(compose::Settings {
            hostname: gateway.hostname.clone(),
            lists_domain: gateway.lists_domain.clone(),
            bounce_domain: gateway.bounce_domain.clone(),
            complaints: gateway.letterbox(Letterbox::Complaints),
            public_url: gateway.public.url.clone(),
            organization: gateway.organization.clone(),
            postal_address: gateway.postal_address.clone(),
            offices: Arc::clone(&config.policy.offices),
            signers: Arc::clone(&keys.signers),
            tokens: keys.tokens.clone(),
            zone: gateway.time_zone.clone(),
        });
        let shape = before.map_or_else(
            || Shape::new(Arc::new(config.shaping.clone())),
            |before| before.figures.shape.clone(),
        );
        let review = review::Settings {
            offices: Arc::clone(&config.policy.offices),
            notices: Arc::clone(&notices),
            compose: Arc::clone(&compose),
            policy: Arc::new(config.policy.clone()),
            lint: Arc::new(config.lint.clone()),
            postmasters: gateway.postmasters.clone(),
            shape: shape.clone(),
            zone: gateway.time_zone.clone(),
        };
        let audiences = config
            .policy
            .audiences
            .iter()
            .map(|(name, rule)| (name.clone(), rule.selection.clone()));
        let feeds = feeds::settings(config, &notices)?;
        let importer = match before {
            Some(before) => before.importer.renewed(feeds),
            None => Importer::new(store.clone(), clock.clone(), feeds),
        };
        let figures = metrics::Figures {
            handle: metrics::recorder()?,
            store: store.clone(),
            shape: shape.clone(),
            importer: importer.clone(),
            tls: gateway.tls.clone(),
            clock: clock.clone(),
            began: before.map_or_else(|| clock.now(), |before| before.figures.began),
        };
        Ok(Self {
            store: store.clone(),
            clock: clock.clone(),
            desk: Desk::new(store.clone(), clock.clone(), review),
            importer,
            operations: operations(gateway, store, figures.clone()),
            figures,
            guests: before.map(|before| before.guests.clone()).unwrap_or_default(),
            reload,
            deliver: sending::settings(config, store, &compose, &notices, &shape)?,
            names: sending::names(gateway).map(Arc::new),
            audiences: Arc::new(audiences.collect()),
            tend: tend::Settings {
                exports: gateway.data_dir.join("exports"),
                zone: gateway.time_zone.clone(),
                retention: config.policy.retention,
            },
            oidc: oidc(gateway)?,
            campus_domains: gateway.campus_domains.clone(),
            compose,
            notices,
        })
    }

    /// Everything that takes something in.
    pub(super) fn open_doors(
        &self,
        config: &Config,
        keys: &Keys,
        sockets: Sockets,
        doors: &Shutdown,
    ) -> anyhow::Result<JoinSet<()>> {
        let gateway = &config.gateway;
        let gate = Gate::new(
            self.store.clone(),
            self.clock.clone(),
            self.gate(config, &keys.tokens),
            Voucher::system(),
        );
        let acceptor = TlsAcceptor::from(tls::server(&gateway.tls)?);
        let reception = Arc::new(Reception::new(
            gateway.hostname.clone(),
            gateway.limits.clone(),
            acceptor,
            gate,
            self.clock.clone(),
        ));
        let mut tasks = JoinSet::new();
        for (socket, settings) in sockets.smtp {
            tasks.spawn(listen(socket, settings, Arc::clone(&reception), doors.clone()));
        }
        let console = console::app(self.console(config)).merge(api::routes(self.api(Door::Port)));
        tasks.spawn(http(sockets.console, console, doors.clone()));
        let public = console::public(self.public(config, &keys.tokens));
        match sockets.public {
            PublicSocket::Door(socket) => tasks.spawn(http(socket, public, doors.clone())),
            PublicSocket::Porch(socket) => tasks.spawn(local("public socket", socket, public, doors.clone())),
        };
        let control = api::routes(self.api(Door::Socket));
        tasks.spawn(local("control socket", sockets.control, control, doors.clone()));
        Ok(tasks)
    }

    pub(super) fn start_workers(&self, closing: &Shutdown) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let (store, clock) = (&self.store, &self.clock);
        let expand = expand::Settings {
            compose: Arc::clone(&self.compose),
            campus_domains: self.campus_domains.clone(),
            drift_percent_max: self.desk.policy().drift_percent_max,
            lapse_after: self.desk.policy().lapse_after,
        };
        tasks.spawn(expand::run(store.clone(), clock.clone(), expand, closing.clone()));
        if let Some(names) = &self.names {
            let (names, signers) = (Arc::clone(names), Arc::clone(&self.compose.signers));
            tasks.spawn(deliver::watch_keys(names, signers, clock.clone(), closing.clone()));
        }
        let feedback = feedback::Settings {
            campus_domains: self.campus_domains.clone(),
            tokens: self.compose.tokens.clone(),
        };
        tasks.spawn(feedback::open_letterboxes(
            store.clone(),
            feedback.clone(),
            closing.clone(),
        ));
        tasks.spawn(feedback::run(store.clone(), clock.clone(), feedback, closing.clone()));
        tasks.spawn(tend::run(
            store.clone(),
            clock.clone(),
            self.tend.clone(),
            closing.clone(),
        ));
        tasks.spawn(metrics::upkeep(self.figures.handle.clone(), closing.clone()));
        tasks.spawn(import::turns(self.importer.clone(), closing.clone()));
        tasks.spawn(review::remind(self.desk.clone(), closing.clone()));
        tasks
    }

    /// Those who send; what comes by `renewals` is in force from then on.
    pub(super) fn start_sending(&self, renewals: Receiver<deliver::Renewal>, closing: &Shutdown) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        tasks.spawn(deliver::run(
            self.store.clone(),
            self.clock.clone(),
            self.deliver.clone(),
            renewals,
            closing.clone(),
        ));
        tasks
    }

    fn gate(&self, config: &Config, tokens: &TokenKey) -> GateSettings {
        let gateway = &config.gateway;
        GateSettings {
            hostname: gateway.hostname.clone(),
            bounce_domain: gateway.bounce_domain.clone(),
            letterboxes: gateway.letterboxes.clone(),
            keepers: keepers(config),
            console_url: gateway.console.url.clone(),
            tokens: tokens.clone(),
            policy: Arc::new(config.policy.clone()),
            notices: Arc::clone(&self.notices),
            zone: gateway.time_zone.clone(),
        }
    }

    fn console(&self, config: &Config) -> console::State {
        let gateway = &config.gateway;
        console::State {
            desk: self.desk.clone(),
            store: self.store.clone(),
            clock: self.clock.clone(),
            url: gateway.console.url.clone(),
            organization: gateway.organization.clone(),
            hostname: gateway.hostname.to_string(),
            zone: gateway.time_zone.clone(),
            oidc: self.oidc.clone(),
            operations: self.operations.clone(),
            guests: self.guests.clone(),
        }
    }

    fn public(&self, config: &Config, tokens: &TokenKey) -> PublicState {
        PublicState {
            store: self.store.clone(),
            desk: self.desk.clone(),
            clock: self.clock.clone(),
            organization: config.gateway.organization.clone(),
            operations: self.operations.clone(),
            read_token: read_token(tokens),
        }
    }

    fn api(&self, door: Door) -> ApiState {
        let (store, clock) = (self.store.clone(), self.clock.clone());
        let (desk, audiences) = (self.desk.clone(), Arc::clone(&self.audiences));
        let (importer, reload) = (self.importer.clone(), self.reload.clone());
        ApiState::new(store, clock, desk, audiences, importer, reload, door)
    }
}

/// What those who run the gateway ask of it.
fn operations(gateway: &Gateway, store: &Store, figures: metrics::Figures) -> Operations {
    Operations {
        store: store.clone(),
        figures: Arc::new(move || figures.text()),
        networks: gateway.metrics.clone(),
    }
}

/// What reads the tokens of unsubscribe links.
pub(super) fn read_token(tokens: &TokenKey) -> ReadToken {
    let tokens = tokens.clone();
    Arc::new(move |text| {
        let seen = tokens.see(text)?;
        (seen.claimed().kind == TokenKind::Unsubscribe).then_some(seen)
    })
}

/// The campus's own provider; its secret is a file, and its certificate one that the machine believes.
fn oidc(gateway: &Gateway) -> anyhow::Result<Option<console::oidc::Settings>> {
    let Some(named) = &gateway.oidc else { return Ok(None) };
    let secret = std::fs::read_to_string(&named.client_secret_file)
        .with_context(|| named.client_secret_file.display().to_string())?;
    Ok(Some(console::oidc::Settings {
        issuer: named.issuer.clone(),
        client_id: named.client_id.clone(),
        client_secret: secret.trim().to_owned(),
        name: named.name.clone(),
        tls: deliver::trust(deliver::RelayTls::Verified, named.ca_file.as_deref())?,
    }))
}

/// Who looks after the machine: the postmasters, or without any the reviewers.
fn keepers(config: &Config) -> Vec<Address> {
    match config.gateway.postmasters.as_slice() {
        [] => config.policy.offices.reviewers().into_iter().cloned().collect(),
        postmasters => postmasters.to_vec(),
    }
}
