//! From a URL to an open session: the socket, TLS, the password.

use std::path::Path;
use std::time::Duration;

use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::fault::Failure;
use super::socket::Socket;
use super::tls;
use super::url::{Place, SslMode};
use super::wire::{Frame, Wire};
use crate::secret::Secret;

/// A connection, and the server's number for the process behind it.
pub(super) struct Opened {
    pub(super) wire: Wire,
    pub(super) pid: i32,
}

/// Opens a connection to the first host that answers, each within `patience`; `settings` hold for the session.
pub(super) async fn open(
    place: &Place,
    secret: Option<&Secret>,
    settings: &[(&str, &str)],
    patience: Duration,
) -> Result<Opened, Failure> {
    let mut failure = Failure::Silent;
    for (host, port) in &place.hosts {
        let attempt = to_host(place, host, *port, secret, settings);
        match timeout(patience.min(place.connect_timeout), Box::pin(attempt)).await {
            Ok(Ok(opened)) => return Ok(opened),
            Ok(Err(it)) => failure = it,
            Err(_elapsed) => failure = Failure::Silent,
        }
    }
    Err(failure)
}

async fn to_host(
    place: &Place,
    host: &str,
    port: u16,
    secret: Option<&Secret>,
    settings: &[(&str, &str)],
) -> Result<Opened, Failure> {
    let first = place.tls != SslMode::Allow && place.tls != SslMode::Disable;
    let socket = socket(place, host, port, first).await?;
    let was_tls = matches!(socket, Socket::Tls(_));
    match start(Wire::new(socket), place, secret, settings).await {
        // The server's own rules may want the other way: libpq tries it once, and so do we.
        Err(failure) if failure.code() == "28000" && may_try_otherwise(place.tls, was_tls) => {
            let socket = self::socket(place, host, port, !was_tls).await?;
            if matches!(socket, Socket::Tls(_)) == was_tls {
                return Err(failure);
            }
            let again = start(Wire::new(socket), place, secret, settings).await;
            again.map_err(|_second| failure)
        }
        other => other,
    }
}

fn may_try_otherwise(mode: SslMode, was_tls: bool) -> bool {
    match mode {
        SslMode::Allow => !was_tls,
        SslMode::Prefer => was_tls,
        _ => false,
    }
}

async fn socket(place: &Place, host: &str, port: u16, wants_tls: bool) -> Result<Socket, Failure> {
    if host.starts_with('/') {
        return local(host, port).await;
    }
    let mut tcp = TcpStream::connect((host, port)).await?;
    tcp.set_nodelay(true)?;
    if !wants_tls {
        return Ok(Socket::Tcp(tcp));
    }
    tcp.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await?;
    match tcp.read_u8().await? {
        b'S' => {
            let check = place.tls.check(place.roots.as_ref());
            let wrapped = tls::wrap(tcp, host, check, place.roots.clone()).await?;
            Ok(Socket::Tls(Box::new(wrapped)))
        }
        b'N' if matches!(place.tls, SslMode::Prefer | SslMode::Allow) => Ok(Socket::Tcp(tcp)),
        b'N' => Err(Failure::Tls("the server does not speak TLS".to_owned())),
        _ => Err(Failure::Protocol(
            "the server did not say whether it speaks TLS".to_owned(),
        )),
    }
}

#[cfg(unix)]
async fn local(folder: &str, port: u16) -> Result<Socket, Failure> {
    let path = Path::new(folder).join(format!(".s.PGSQL.{port}"));
    let socket = tokio::net::UnixStream::connect(path).await?;
    Ok(Socket::Unix(socket))
}

#[cfg(not(unix))]
async fn local(_: &str, _: u16) -> Result<Socket, Failure> {
    Err(Failure::Refused("this system has no such sockets"))
}

async fn start(
    mut wire: Wire,
    place: &Place,
    secret: Option<&Secret>,
    settings: &[(&str, &str)],
) -> Result<Opened, Failure> {
    let mut parameters = vec![
        ("user", place.user.as_str()),
        ("database", place.database.as_str()),
        ("application_name", place.application.as_str()),
        ("client_encoding", "UTF8"),
    ];
    parameters.extend(place.options.as_deref().map(|it| ("options", it)));
    parameters.extend(settings.iter().copied());
    frontend::startup_message(parameters, wire.outbox())?;
    wire.flush().await?;
    authenticate(&mut wire, place, secret).await?;
    let mut pid = 0;
    loop {
        let frame = wire.frame().await?;
        match frame.tag {
            b'Z' => return Ok(Opened { wire, pid }),
            b'K' => pid = number(wire.body(&frame)).unwrap_or_default(),
            b'E' => return Err(wire.error(&frame)),
            _ => {}
        }
    }
}

fn number(body: &[u8]) -> Option<i32> {
    body.first_chunk().map(|it| i32::from_be_bytes(*it))
}

async fn authenticate(
    wire: &mut Wire,
    place: &Place,
    secret: Option<&Secret>,
) -> Result<(), Failure> {
    let password = || secret.map(Secret::reveal).ok_or(Failure::NoPassword);
    loop {
        let frame = wire.frame().await?;
        if frame.tag == b'E' {
            return Err(wire.error(&frame));
        }
        let (method, rest) = request(wire, &frame)?;
        match method {
            0 => return Ok(()),
            3 => {
                let password = password()?;
                if !wire.is_private() {
                    return Err(Failure::Refused(
                        "the server asks for the password in clear text over a connection without TLS",
                    ));
                }
                frontend::password_message(password.as_bytes(), wire.outbox())?;
            }
            5 => {
                let salt = rest.first_chunk().copied().unwrap_or_default();
                let hash = md5_hash(place.user.as_bytes(), password()?.as_bytes(), salt);
                frontend::password_message(hash.as_bytes(), wire.outbox())?;
            }
            10 => {
                let mut mechanisms = rest.split(|it| *it == 0);
                if !mechanisms.any(|it| it == SCRAM_SHA_256.as_bytes()) {
                    return Err(Failure::Refused(
                        "the server wants a way to sign in that is not supported",
                    ));
                }
                scram(wire, password()?).await?;
                continue;
            }
            _ => {
                return Err(Failure::Refused(
                    "the server wants a way to sign in that is not supported",
                ));
            }
        }
        wire.flush().await?;
    }
}

/// The number of the way to sign in, and what goes with it.
fn request(wire: &Wire, frame: &Frame) -> Result<(i32, Vec<u8>), Failure> {
    let body = wire.body(frame);
    match (frame.tag, number(body), body.get(4..)) {
        (b'R', Some(method), Some(rest)) => Ok((method, rest.to_vec())),
        _ => Err(Failure::Protocol(
            "the server asks for no way to sign in".to_owned(),
        )),
    }
}

async fn scram(wire: &mut Wire, password: &str) -> Result<(), Failure> {
    let mut scram = ScramSha256::new(password.as_bytes(), ChannelBinding::unsupported());
    frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), wire.outbox())?;
    wire.flush().await?;
    let challenge = step(wire, 11).await?;
    scram.update(&challenge)?;
    frontend::sasl_response(scram.message(), wire.outbox())?;
    wire.flush().await?;
    let outcome = step(wire, 12).await?;
    Ok(scram.finish(&outcome)?)
}

async fn step(wire: &mut Wire, expected: i32) -> Result<Vec<u8>, Failure> {
    let frame = wire.frame().await?;
    if frame.tag == b'E' {
        return Err(wire.error(&frame));
    }
    match request(wire, &frame)? {
        (method, rest) if method == expected => Ok(rest),
        _ => Err(Failure::Protocol(
            "the server left the way to sign in".to_owned(),
        )),
    }
}
