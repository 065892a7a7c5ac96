//! What people type: statements as in the shell, or bare commands as documents.

mod chain;
mod extended;
mod functions;
mod lexer;
mod plan;
mod script;
mod value;

pub(super) use plan::{Plan, Reply};
pub(super) use script::plans;
pub(super) use value::filter;
