//! The views, one a file.

pub(crate) mod check;
pub(crate) mod connections;
pub(crate) mod lag;
pub(crate) mod map;
pub(crate) mod query;
pub(crate) mod stores;
pub(crate) mod trace;

/// What fills the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// The flow of data between stores.
    Map,
    /// One entity in all its representations.
    Trace,
    /// Statements side by side.
    Query,
    /// Every edge in a table.
    Lag,
    /// All copies against their sources of truth.
    Check,
    /// Every store and what it holds.
    Stores,
    /// Saved connections.
    Connections,
}

impl View {
    /// In the order of the rail and of the keys Ctrl-1 and on.
    pub(crate) const ALL: [Self; 7] = [
        Self::Map,
        Self::Trace,
        Self::Query,
        Self::Lag,
        Self::Check,
        Self::Stores,
        Self::Connections,
    ];

    /// Its name in the rail.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Map => "Map",
            Self::Trace => "Trace",
            Self::Query => "Query",
            Self::Lag => "Lag",
            Self::Check => "Check",
            Self::Stores => "Stores",
            Self::Connections => "Connections",
        }
    }

    /// Whether it shows lag, so that lag is measured while it is open.
    pub(crate) fn shows_lag(self) -> bool {
        matches!(self, Self::Map | Self::Lag)
    }
}
