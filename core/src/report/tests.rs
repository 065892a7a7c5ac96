//! Reports in every form.

mod golden;
mod headline;
mod hostile;
mod masked;
mod sample;
