//! The audit: what was sent to a store, before it is sent.

use jiff::Timestamp;
use parallax_core::name::StoreId;
use parallax_core::store::{Access, CallId, Purpose};
use tokio::sync::mpsc;

/// One call, as the audit keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When it was sent, by our clock.
    pub at: Timestamp,
    /// The store.
    pub store: StoreId,
    /// The call.
    pub call: CallId,
    /// Why it was made.
    pub purpose: Purpose,
    /// What it was allowed to do.
    pub access: Access,
    /// What it did: `query`, `get` and so on.
    pub operation: &'static str,
    /// The statement without its values, or the dataset.
    pub subject: Option<String>,
}

/// Where audit entries go: bounded, so a call waits, within its deadline, until its entry is taken.
///
/// Once the receiver is gone, nothing is kept and no call fails for it.
#[derive(Clone, Debug)]
pub struct Audit(mpsc::Sender<AuditEntry>);

impl Audit {
    /// An audit that holds at most `capacity` entries which are not yet taken.
    pub fn bounded(capacity: usize) -> (Self, mpsc::Receiver<AuditEntry>) {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        (Self(sender), receiver)
    }

    pub(super) async fn write(&self, entry: AuditEntry) {
        // A closed audit is the workbench going down; the entry has nowhere to go.
        drop(self.0.send(entry).await);
    }
}
