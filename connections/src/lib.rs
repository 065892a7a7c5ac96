//! The stores that Parallax speaks to: the only crate that names a product.
//!
//! [`stores::connect`] looks a driver up by the scheme of a URL and gives back a [`Store`](parallax_core::store::Store)
//! behind its guard, which keeps deadlines and access and lets dropped calls be cancelled.

pub mod guard;
pub mod lazy;
pub mod profile;
pub mod secret;
pub mod sql;
pub mod stores;

mod background;
mod clock;
mod suggest;
