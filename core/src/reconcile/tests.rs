//! The whole machine against worlds of which the truth is known.

mod bugs;
mod evidence;
mod law;
mod scope;
mod speed;
mod trouble;
mod world;
