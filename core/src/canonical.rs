//! Canonical form C1.
