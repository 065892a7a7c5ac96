//! What a connection runs over: TCP, TLS over it, or a socket of this machine.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio_rustls::client::TlsStream;

#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Socket {
    pub(super) async fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(it) => it.read(into).await,
            Self::Tls(it) => it.read(into).await,
            #[cfg(unix)]
            Self::Unix(it) => it.read(into).await,
        }
    }

    pub(super) async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Tcp(it) => it.write_all(bytes).await,
            Self::Tls(it) => {
                it.write_all(bytes).await?;
                it.flush().await
            }
            #[cfg(unix)]
            Self::Unix(it) => it.write_all(bytes).await,
        }
    }

    /// Whether nothing can be read: neither data nor the end.
    pub(super) fn is_quiet(&self) -> bool {
        let mut byte = [0];
        let read = match self {
            Self::Tcp(it) => it.try_read(&mut byte),
            Self::Tls(it) => it.get_ref().0.try_read(&mut byte),
            #[cfg(unix)]
            Self::Unix(it) => it.try_read(&mut byte),
        };
        matches!(read, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Whether nobody on the way can read what is sent.
    pub(super) fn is_private(&self) -> bool {
        match self {
            Self::Tcp(it) => it.peer_addr().is_ok_and(|it| it.ip().is_loopback()),
            Self::Tls(_) => true,
            #[cfg(unix)]
            Self::Unix(_) => true,
        }
    }

    /// Sends `bytes` if that needs no waiting; over TLS the end of the connection has to say it all.
    pub(super) fn try_write(&self, bytes: &[u8]) {
        let written = match self {
            Self::Tcp(it) => it.try_write(bytes),
            Self::Tls(_) => Ok(0),
            #[cfg(unix)]
            Self::Unix(it) => it.try_write(bytes),
        };
        // A goodbye that cannot be said now is not said.
        drop(written);
    }
}
