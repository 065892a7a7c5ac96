//! Certificates for servers on the loopback address, signed by an authority that nobody else trusts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::failure::{During, Result};
use crate::install::{Package, Sign};
use crate::servers::process::answer;

pub(crate) const OPENSSL: Package = Package {
    name: "openssl",
    sign: Sign::Program("openssl"),
};

const LIMIT: Duration = Duration::from_secs(30);
const DAYS: &str = "3650";
const NEW_KEY: [&str; 5] = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
];
/// Strict clients take no authority's own certificate as a server's, and no name but those written here.
const LEAF: &str = "basicConstraints=critical,CA:FALSE\n\
    keyUsage=critical,digitalSignature\n\
    extendedKeyUsage=serverAuth\n\
    subjectAltName=IP:127.0.0.1,DNS:localhost\n";

/// An authority in a folder of its own: `ca.pem`, which clients trust, and `ca.key`.
pub(crate) struct Authority {
    folder: PathBuf,
}

impl Authority {
    /// Makes it the first time.
    pub(crate) fn in_folder(folder: PathBuf) -> Result<Self> {
        let authority = Self { folder };
        if !authority.certificate().is_file() {
            fs::create_dir_all(&authority.folder).during("make a folder for certificates")?;
            authority.make()?;
        }
        Ok(authority)
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    fn key(&self) -> PathBuf {
        self.folder.join("ca.key")
    }

    fn make(&self) -> Result<()> {
        let beside = self.folder.join("ca.new");
        let mut command = openssl("req");
        command
            .args([
                "-x509",
                "-days",
                DAYS,
                "-subj",
                "/CN=Parallax test authority",
            ])
            .args(NEW_KEY)
            .args(["-addext", "keyUsage=critical,keyCertSign,cRLSign"])
            .arg("-keyout")
            .arg(self.key())
            .arg("-out")
            .arg(&beside);
        answer(command, LIMIT)?;
        fs::rename(beside, self.certificate()).during("keep the authority's certificate")
    }

    /// Writes `server.pem` and `server.key` into `folder`, which only the server's account should read.
    pub(crate) fn sign_server(&self, folder: &Path) -> Result<[PathBuf; 2]> {
        let [certificate, key, request, names] =
            ["server.pem", "server.key", "server.csr", "server.ext"].map(|it| folder.join(it));
        let mut command = openssl("req");
        command
            .args(["-new", "-subj", "/CN=localhost"])
            .args(NEW_KEY)
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&request);
        answer(command, LIMIT)?;
        fs::write(&names, LEAF)?;
        let mut command = openssl("x509");
        command
            .args(["-req", "-days", DAYS, "-in"])
            .arg(&request)
            .arg("-CA")
            .arg(self.certificate())
            .arg("-CAkey")
            .arg(self.key())
            .args(["-set_serial", &serial(), "-extfile"])
            .arg(&names)
            .arg("-out")
            .arg(&certificate);
        answer(command, LIMIT)?;
        fs::remove_file(request)?;
        fs::remove_file(names)?;
        Ok([certificate, key])
    }
}

/// No authority may use a number twice.
fn serial() -> String {
    use std::hash::{BuildHasher, RandomState};
    (RandomState::new().hash_one(0) >> 1).to_string()
}

fn openssl(what: &str) -> Command {
    let mut command = Command::new("openssl");
    command.arg(what);
    command
}
