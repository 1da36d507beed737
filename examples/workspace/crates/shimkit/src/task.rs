//! The life of a task: created, running, stopped, deleted.

use std::error::Error;
use std::fmt;

/// Where a task is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The bundle was read; nothing runs yet.
    Created,
    /// The task's process runs.
    Running,
    /// The process has ended with this exit code.
    Stopped(u32),
    /// The task is gone. No event leads out of this state.
    Deleted,
}

/// What happens to a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// containerd asks for the process to run.
    Start,
    /// The process ended with this exit code.
    Exit(u32),
    /// containerd asks for the task to be removed.
    Delete,
}

impl State {
    /// Returns the state that `event` leads to. A running task cannot be deleted: it has to end first.
    ///
    /// ```
    /// use shimkit::task::{Event, State};
    ///
    /// assert_eq!(State::Created.on(Event::Start), Ok(State::Running));
    /// assert!(State::Running.on(Event::Delete).is_err());
    /// ```
    pub fn on(self, event: Event) -> Result<State, InvalidEvent> {
        match (self, event) {
            (State::Created, Event::Start) => Ok(State::Running),
            (State::Running, Event::Exit(code)) => Ok(State::Stopped(code)),
            (State::Created | State::Stopped(_), Event::Delete) => Ok(State::Deleted),
            (state, event) => Err(InvalidEvent { state, event }),
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Created => f.write_str("created"),
            State::Running => f.write_str("running"),
            State::Stopped(code) => write!(f, "stopped with code {code}"),
            State::Deleted => f.write_str("deleted"),
        }
    }
}

/// An event that a task in this state cannot take. The task stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidEvent {
    /// The task's state.
    pub state: State,
    /// The event it was given.
    pub event: Event,
}

impl fmt::Display for InvalidEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.event {
            Event::Start => "start",
            Event::Exit(_) => "exit",
            Event::Delete => "be deleted",
        };
        write!(f, "a task that is {} cannot {verb}", self.state)
    }
}

impl Error for InvalidEvent {}

#[cfg(test)]
mod tests {
    use super::Event::{Delete, Exit, Start};
    use super::State::{Created, Deleted, Running, Stopped};

    #[test]
    fn every_pair_of_state_and_event() {
        let table = [
            (Created, Start, Some(Running)),
            (Created, Exit(3), None),
            (Created, Delete, Some(Deleted)),
            (Running, Start, None),
            (Running, Exit(3), Some(Stopped(3))),
            (Running, Delete, None),
            (Stopped(3), Start, None),
            (Stopped(3), Exit(0), None),
            (Stopped(3), Delete, Some(Deleted)),
            (Deleted, Start, None),
            (Deleted, Exit(3), None),
            (Deleted, Delete, None),
        ];
        for (state, event, next) in table {
            assert_eq!(state.on(event).ok(), next, "{state} on {event:?}");
        }
    }

    #[test]
    fn an_invalid_event_says_why() {
        let err = Running.on(Delete).unwrap_err();
        assert_eq!(err.to_string(), "a task that is running cannot be deleted");
    }
}
