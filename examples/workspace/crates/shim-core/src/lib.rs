#![doc = include_str!("../README.md")]

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::{error, fmt, thread};

use shimkit::bundle::Bundle;
use shimkit::task::{Event, InvalidEvent, State};

/// The exit code of a task whose engine panicked.
pub const PANICKED: u32 = 101;

/// What runs a task: a WebAssembly runtime, say.
pub trait Engine: Send + Sync + 'static {
    /// Runs the bundle's process to its end and returns its exit code.
    fn run(&self, bundle: &Bundle) -> u32;
}

/// The tasks of one shim.
///
/// ```
/// # use shim_core::{Engine, Service};
/// # use shimkit::bundle::Bundle;
/// struct ArgCount;
///
/// impl Engine for ArgCount {
///     fn run(&self, bundle: &Bundle) -> u32 {
///         bundle.args.len() as u32
///     }
/// }
///
/// # let (oci_version, env) = ("1.2.0".into(), vec![]);
/// let bundle = Bundle { oci_version, env, args: vec!["app".into(), "serve".into()] };
/// let service = Service::new(ArgCount);
/// service.create("web", bundle)?;
/// service.start("web")?;
/// assert_eq!(service.wait("web")?, 2);
/// service.delete("web")?;
/// # Ok::<(), shim_core::Error>(())
/// ```
pub struct Service<E> {
    shared: Arc<Shared<E>>,
}

struct Shared<E> {
    engine: E,
    tasks: Mutex<BTreeMap<String, Task>>,
    changed: Condvar,
}

struct Task {
    state: State,
    bundle: Arc<Bundle>,
}

impl<E: Engine> Service<E> {
    /// Returns a service that runs its tasks on `engine`.
    pub fn new(engine: E) -> Self {
        let (tasks, changed) = Default::default();
        Service { shared: Arc::new(Shared { engine, tasks, changed }) }
    }

    /// Adds a task that does not run yet.
    pub fn create(&self, id: &str, bundle: Bundle) -> Result<(), Error> {
        let mut tasks = self.shared.tasks();
        if tasks.contains_key(id) {
            return Err(Error::Exists(id.to_owned()));
        }
        tasks.insert(id.to_owned(), Task { state: State::Created, bundle: Arc::new(bundle) });
        Ok(())
    }

    /// Runs a task on a thread of its own, and returns at once.
    pub fn start(&self, id: &str) -> Result<(), Error> {
        let mut tasks = self.shared.tasks();
        let task = find(&mut tasks, id)?;
        task.state = task.state.on(Event::Start)?;
        let (shared, bundle, id) = (Arc::clone(&self.shared), Arc::clone(&task.bundle), id.to_owned());
        thread::spawn(move || {
            let run = AssertUnwindSafe(|| shared.engine.run(&bundle));
            let code = catch_unwind(run).unwrap_or(PANICKED);
            shared.on(&id, Event::Exit(code)).expect("a running task can exit");
        });
        Ok(())
    }

    /// Returns the state of a task.
    pub fn state(&self, id: &str) -> Result<State, Error> {
        find(&mut self.shared.tasks(), id).map(|task| task.state)
    }

    /// Waits for a task to end, and returns its exit code. Any number of threads may wait.
    pub fn wait(&self, id: &str) -> Result<u32, Error> {
        let mut tasks = self.shared.tasks();
        loop {
            if let State::Stopped(code) = find(&mut tasks, id)?.state {
                return Ok(code);
            }
            tasks = self.shared.changed.wait(tasks).expect("no thread panics with the lock");
        }
    }

    /// Removes a task that does not run.
    pub fn delete(&self, id: &str) -> Result<(), Error> {
        self.shared.on(id, Event::Delete)?;
        self.shared.tasks().remove(id);
        Ok(())
    }
}

impl<E> Shared<E> {
    fn tasks(&self) -> MutexGuard<'_, BTreeMap<String, Task>> {
        self.tasks.lock().expect("no thread panics with the lock")
    }

    fn on(&self, id: &str, event: Event) -> Result<(), Error> {
        let mut tasks = self.tasks();
        let task = find(&mut tasks, id)?;
        task.state = task.state.on(event)?;
        self.changed.notify_all();
        Ok(())
    }
}

fn find<'a>(tasks: &'a mut BTreeMap<String, Task>, id: &str) -> Result<&'a mut Task, Error> {
    tasks.get_mut(id).ok_or_else(|| Error::NotFound(id.to_owned()))
}

/// Why a request was refused. The task is as it was before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// There is no task of this name.
    NotFound(String),
    /// There is a task of this name already.
    Exists(String),
    /// The task's state does not allow it.
    Event(InvalidEvent),
}

impl From<InvalidEvent> for Error {
    fn from(err: InvalidEvent) -> Self {
        Error::Event(err)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NotFound(id) => write!(f, "no task {id:?}"),
            Error::Exists(id) => write!(f, "task {id:?} exists"),
            Error::Event(err) => err.fmt(f),
        }
    }
}

impl error::Error for Error {}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    /// Exits at once, after the test says so, or by a panic.
    struct TestEngine(Barrier);

    impl Engine for TestEngine {
        fn run(&self, bundle: &Bundle) -> u32 {
            match bundle.args[0].as_str() {
                "exit" => 7,
                "hang" => {
                    self.0.wait();
                    8
                }
                other => panic!("unknown program {other:?}"),
            }
        }
    }

    fn bundle(program: &str) -> Bundle {
        Bundle { oci_version: "1.2.0".into(), args: vec![program.into()], env: vec![] }
    }

    fn service(tasks: &[(&str, &str)]) -> Service<TestEngine> {
        let service = Service::new(TestEngine(Barrier::new(2)));
        for (id, program) in tasks {
            service.create(id, bundle(program)).unwrap();
        }
        service
    }

    #[test]
    fn a_whole_life() {
        let service = service(&[("a", "exit")]);
        assert_eq!(service.state("a"), Ok(State::Created));
        service.start("a").unwrap();
        assert_eq!(service.wait("a"), Ok(7));
        assert_eq!(service.state("a"), Ok(State::Stopped(7)));
        service.delete("a").unwrap();
        assert_eq!(service.state("a"), Err(Error::NotFound("a".into())));
    }

    #[test]
    fn every_waiting_thread_gets_the_code() {
        let service = service(&[("a", "hang")]);
        service.start("a").unwrap();
        thread::scope(|scope| {
            let waiting: Vec<_> = (0..8).map(|_| scope.spawn(|| service.wait("a"))).collect();
            service.shared.engine.0.wait();
            for thread in waiting {
                assert_eq!(thread.join().unwrap(), Ok(8));
            }
        });
    }

    #[test]
    fn a_panic_ends_one_task_only() {
        let service = service(&[("bad", "oops"), ("good", "exit")]);
        service.start("bad").unwrap();
        assert_eq!(service.wait("bad"), Ok(PANICKED));
        service.start("good").unwrap();
        assert_eq!(service.wait("good"), Ok(7));
    }

    #[test]
    fn requests_out_of_order() {
        let service = service(&[("a", "hang")]);
        assert_eq!(service.create("a", bundle("exit")), Err(Error::Exists("a".into())));
        service.start("a").unwrap();
        assert!(matches!(service.start("a"), Err(Error::Event(_))));
        assert!(matches!(service.delete("a"), Err(Error::Event(_))));
        service.shared.engine.0.wait();
        assert_eq!(service.wait("a"), Ok(8));
    }
}
