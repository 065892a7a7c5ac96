//! This machine: its load, and what this program holds of it.

use std::sync::{Mutex, PoisonError};

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::wire::Machine;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// Reads the load of this machine; the share of time is since the reading before.
#[derive(Debug)]
pub(crate) struct Local(Result<Mutex<System>>);

impl Default for Local {
    fn default() -> Self {
        let unknown =
            |it| Error::new(ErrorKind::Unsupported, "read this machine's load").because(it);
        Self(System::new().map(Mutex::new).map_err(unknown))
    }
}

impl Local {
    pub(crate) fn read(&self) -> Result<Machine> {
        let system = self.0.as_ref().map_err(Clone::clone)?;
        let mut system = system.lock().unwrap_or_else(PoisonError::into_inner);
        let own = Pid::from_u32(std::process::id());
        system.refresh_cpu_usage();
        system.refresh_memory();
        let memory_only = ProcessRefreshKind::nothing().with_memory();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), false, memory_only);
        Ok(Machine {
            cpu: system.global_cpu_usage() / 100.0,
            memory_used: system.used_memory(),
            memory_total: system.total_memory(),
            own_memory: system.process(own).map_or(0, sysinfo::Process::memory),
        })
    }
}
