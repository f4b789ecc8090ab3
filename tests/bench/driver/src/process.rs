//! The function as a process: its CPU time, its memory and its log.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;

use rustix::thread::{CpuSet, sched_setaffinity};

/// The function runs on the first CPU and everything else on the second, where there are two.
pub const FUNCTION_CPU: usize = 0;
pub const SERVERS_CPU: usize = 1;

pub struct Function {
    child: Child,
    log: PathBuf,
    pub started: Instant,
}

impl Function {
    /// Starts the program with this environment and no other.
    pub fn start(
        program: &[String],
        environment: &[(String, String)],
        log: &Path,
        is_pinned: bool,
    ) -> io::Result<Self> {
        let (name, arguments) = program.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let output = File::create(log)?;
        let mut command = Command::new(name);
        command.args(arguments).env_clear().envs(environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let started = Instant::now();
        // A process inherits the CPU of the thread that starts it.
        let child = thread::scope(|scope| {
            let starting = scope.spawn(|| {
                if is_pinned {
                    pin(FUNCTION_CPU)?;
                }
                command.spawn()
            });
            starting.join().map_err(|_| io::Error::other("the starting thread panicked"))?
        })?;
        Ok(Self { child, log: log.to_owned(), started })
    }

    /// Returns the user and system time of every thread so far, in nanoseconds. It is exact while
    /// they sleep.
    pub fn cpu_ns(&self) -> io::Result<u64> {
        let mut total = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // A thread may end in between.
            let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
            let on_cpu = text.split_whitespace().next().and_then(|first| first.parse::<u64>().ok());
            total += on_cpu.unwrap_or_default();
        }
        Ok(total)
    }

    /// Returns a member of `/proc/<pid>/status` that counts: `VmRSS` and `VmHWM` in kB, `Threads`.
    pub fn status(&self, name: &str) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let value = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        Ok(value.unwrap_or_default())
    }

    /// Returns the number of open files, sockets included.
    pub fn open_files(&self) -> io::Result<u64> {
        let open = fs::read_dir(format!("/proc/{}/fd", self.child.id()))?;
        Ok(open.count().try_into().unwrap_or(u64::MAX))
    }

    /// Returns the bytes that the function has logged.
    pub fn log_bytes(&self) -> io::Result<u64> {
        Ok(fs::metadata(&self.log)?.len())
    }

    pub fn log(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Ends the function as Lambda does, so that a tool around it writes its result.
    pub fn end(mut self) -> io::Result<()> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        self.child.wait().map(drop)
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Keeps the calling thread, and what it starts, on one CPU.
pub fn pin(cpu: usize) -> io::Result<()> {
    let mut cpus = CpuSet::new();
    cpus.set(cpu);
    Ok(sched_setaffinity(None, &cpus)?)
}
