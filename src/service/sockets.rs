//! The sockets of the gateway.
//!
//! Bound before anything starts, so that a taken port is one sentence and no half-open house.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use tokio::net::{TcpListener, UnixListener, UnixStream};

use crate::config::Config;
use crate::stage::intake::ListenerSettings;

/// All sockets, bound.
#[derive(Debug)]
pub struct Sockets {
    /// Each SMTP listener with its settings.
    pub smtp: Vec<(TcpListener, Arc<ListenerSettings>)>,
    /// The console.
    pub console: TcpListener,
    /// The public pages.
    pub public: PublicSocket,
    /// `data_dir/control.sock`, for the owner of the data folder alone.
    pub control: UnixListener,
}

/// Where the public pages are asked for.
#[derive(Debug)]
pub enum PublicSocket {
    /// By the world.
    Door(TcpListener),
    /// By the process at the door (`bedel public`): `data_dir/public.sock`, for the owner of the data folder alone.
    Porch(UnixListener),
}

/// The socket on which the gateway takes what the process at the public door hands on.
pub(super) const PORCH_SOCKET: &str = "public.sock";

/// Binds what the settings name.
pub async fn bind(config: &Config) -> anyhow::Result<Sockets> {
    let gateway = &config.gateway;
    let mut smtp = Vec::new();
    for settings in &gateway.listeners {
        let socket = tcp(settings.address, &format!("listener `{}`", settings.name)).await?;
        smtp.push((socket, Arc::new(settings.clone())));
    }
    Ok(Sockets {
        smtp,
        console: tcp(gateway.console.address, "the console").await?,
        control: control(&gateway.data_dir).await?,
        public: if gateway.public_is_apart {
            PublicSocket::Porch(private(&gateway.data_dir.join(PORCH_SOCKET))?)
        } else {
            PublicSocket::Door(public(config).await?)
        },
    })
}

/// Binds the public door.
pub async fn public(config: &Config) -> anyhow::Result<TcpListener> {
    tcp(config.gateway.public.address, "the public pages").await
}

impl Sockets {
    /// The same sockets once more: whoever listens at them can end, and another goes on without losing anybody.
    pub(super) fn again(&self) -> anyhow::Result<Self> {
        let smtp = self.smtp.iter();
        Ok(Self {
            smtp: smtp
                .map(|(socket, settings)| Ok((again(socket)?, Arc::clone(settings))))
                .collect::<anyhow::Result<_>>()?,
            console: again(&self.console)?,
            public: self.public.again()?,
            control: again_local(&self.control)?,
        })
    }

    /// What other settings name: sockets that are open stay open, others are bound.
    pub(super) async fn rebound(&self, before: &Config, config: &Config) -> anyhow::Result<Self> {
        let (old, new) = (&before.gateway, &config.gateway);
        let mut smtp = Vec::new();
        for settings in &new.listeners {
            // Where the system chooses the port, an address says nothing of which listener it is.
            let is_it = |before: &ListenerSettings| before.name == settings.name || settings.address.port() != 0;
            let open = old.listeners.iter().zip(&self.smtp);
            let open = open.filter(|(before, _)| is_it(before));
            let open = open.map(|(before, (socket, _))| (before.address, socket));
            let what = format!("listener `{}`", settings.name);
            let socket = kept(open, settings.address, &what).await?;
            smtp.push((socket, Arc::new(settings.clone())));
        }
        let console = std::iter::once((old.console.address, &self.console));
        let public = match &self.public {
            PublicSocket::Door(socket) => {
                let open = std::iter::once((old.public.address, socket));
                PublicSocket::Door(kept(open, new.public.address, "the public pages").await?)
            }
            porch @ PublicSocket::Porch(_) => porch.again()?,
        };
        Ok(Self {
            smtp,
            console: kept(console, new.console.address, "the console").await?,
            public,
            control: again_local(&self.control)?,
        })
    }
}

impl PublicSocket {
    fn again(&self) -> anyhow::Result<Self> {
        Ok(match self {
            Self::Door(socket) => Self::Door(again(socket)?),
            Self::Porch(socket) => Self::Porch(again_local(socket)?),
        })
    }
}

fn again_local(socket: &UnixListener) -> anyhow::Result<UnixListener> {
    let socket: std::os::unix::net::UnixListener = rustix::io::dup(socket)?.into();
    socket.set_nonblocking(true)?;
    Ok(UnixListener::from_std(socket)?)
}

/// The socket that is open at this address, or a new one.
async fn kept<'a>(
    mut open: impl Iterator<Item = (SocketAddr, &'a TcpListener)>,
    address: SocketAddr,
    what: &str,
) -> anyhow::Result<TcpListener> {
    match open.find(|(at, _)| *at == address) {
        Some((_, socket)) => again(socket),
        None => tcp(address, what).await,
    }
}

fn again(socket: &TcpListener) -> anyhow::Result<TcpListener> {
    let socket: std::net::TcpListener = rustix::io::dup(socket)?.into();
    socket.set_nonblocking(true)?;
    Ok(TcpListener::from_std(socket)?)
}

async fn tcp(address: SocketAddr, what: &str) -> anyhow::Result<TcpListener> {
    let hint = "stop the program that has it, or give another address in gateway.toml";
    TcpListener::bind(address)
        .await
        .with_context(|| format!("{what} cannot listen on {address}; {hint}"))
}

/// A socket file that a dead gateway left is replaced; a live one's is not.
async fn control(data_dir: &Path) -> anyhow::Result<UnixListener> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data_dir)
        .with_context(|| data_dir.display().to_string())?;
    let path = data_dir.join("control.sock");
    if UnixStream::connect(&path).await.is_ok() {
        bail!(
            "another gateway already runs on {}; stop it, or give this one its own data_dir",
            data_dir.display()
        );
    }
    private(&path)
}

/// A socket for the owner of the data folder alone, in place of what a dead gateway left.
fn private(path: &Path) -> anyhow::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| path.display().to_string());
        }
        Ok(()) | Err(_) => {}
    }
    let socket = UnixListener::bind(path).with_context(|| path.display().to_string())?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(socket)
}
