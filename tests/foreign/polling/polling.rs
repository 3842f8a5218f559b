// SPDX-License-Identifier: BSL-1.0
//! polling as a backend: its Poller, called as a program would. What it reports is passed on as it is.
//! A wait() returns up to 1,000 events, and takes no smaller number. Those that the buffer has no room for are kept for
//! the next select(), unless their watch is changed before. wait() does not report why it returned: wake() leaves a flag.
#[path = "../../../examples/rust_plugin/functions.rs"]
mod functions;
#[path = "../../../examples/rust_plugin/interface.rs"]
mod interface;

use functions::*;
use interface::*;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{atomic::AtomicBool, atomic::Ordering::SeqCst, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use std::{io::ErrorKind, mem::MaybeUninit, os::raw::c_int};

#[derive(Default)]
struct Kept {
    tokens: HashMap<c_int, u64>, // by source
    events: VecDeque<Event>,
}

impl Kept {
    /// Drops the events of the former watch of `source`.
    fn replace(&mut self, source: c_int, token: Option<u64>) {
        let inserted = token.map(|token| self.tokens.insert(source, token));
        if let Some(former) = inserted.unwrap_or_else(|| self.tokens.remove(&source)) {
            self.events.retain(|event| event.token != former);
        }
    }
}

struct Polling {
    poller: polling::Poller,
    is_woken: AtomicBool,
    is_collecting: AtomicBool, // changes let select() have the lock first, which is not fair
    kept: Mutex<Kept>,
    seen: Mutex<Vec<polling::Event>>, // used by select() only
}

fn event_of(watch: &Watch) -> polling::Event {
    let (readable, writable) = (watch.interest & READABLE != 0, watch.interest & WRITABLE != 0);
    polling::Event { key: watch.token as usize, readable, writable }
}

fn ready_of(event: &polling::Event) -> u8 {
    (if event.readable { READABLE } else { 0 }) | (if event.writable { WRITABLE } else { 0 })
}

impl Polling {
    fn kept_for_change(&self) -> MutexGuard<'_, Kept> {
        while self.is_collecting.load(SeqCst) {
            std::thread::yield_now();
        }
        locked(&self.kept)
    }
}

impl Backend for Polling {
    fn open() -> Result<Polling, (c_int, &'static str)> {
        let poller = polling::Poller::new().map_err(|error| (errno_of(error), "polling::Poller::new"))?;
        let (is_woken, is_collecting) = (false.into(), false.into());
        Ok(Polling { poller, is_woken, is_collecting, kept: Mutex::default(), seen: Mutex::default() })
    }

    fn add(&self, source: c_int, watch: &Watch) -> Result<(), c_int> {
        let mut kept = self.kept_for_change();
        kept.tokens.try_reserve(1).map_err(|_| ENOMEM)?;
        self.poller.add(source, event_of(watch)).map_err(errno_of)?;
        kept.replace(source, Some(watch.token));
        Ok(())
    }

    fn modify(&self, source: c_int, watch: &Watch) -> Result<(), c_int> {
        let mut kept = self.kept_for_change();
        let result = self.poller.modify(source, event_of(watch)).map_err(errno_of);
        result.map_err(|error| if error == EPERM { ENOENT } else { error })?; // polling takes no such source
        kept.replace(source, Some(watch.token));
        Ok(())
    }

    fn remove(&self, source: c_int) -> Result<(), c_int> {
        let mut kept = self.kept_for_change();
        kept.replace(source, None);
        match self.poller.delete(source).map_err(errno_of) {
            Err(EBADF | EPERM) => Err(ENOENT), // what is not open, or not taken, is not watched
            result => result,
        }
    }

    fn wake(&self) -> Result<(), c_int> {
        self.is_woken.store(true, SeqCst);
        self.poller.notify().map_err(errno_of)
    }

    fn select(&self, events: &mut [MaybeUninit<Event>], timeout: Option<Duration>) -> Result<usize, c_int> {
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        self.is_collecting.store(true, SeqCst);
        let mut kept = locked(&self.kept);
        self.is_collecting.store(false, SeqCst);
        // wait() also returns without an event for a notify() whose flag an earlier select() has seen.
        let mut is_over = false;
        while kept.events.is_empty() && !is_over {
            drop(kept);
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            let mut seen = locked(&self.seen);
            seen.clear();
            match self.poller.wait(&mut seen, left) {
                Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(0),
                result => result.map_err(errno_of)?,
            };
            self.is_collecting.store(true, SeqCst);
            kept = locked(&self.kept);
            self.is_collecting.store(false, SeqCst);
            kept.events.extend(seen.iter().map(|event| Event { token: event.key as u64, ready: ready_of(event) }));
            if self.is_woken.swap(false, SeqCst) {
                kept.events.push_back(Event { token: WAKE_TOKEN, ready: 0 });
            }
            is_over = end.map_or(false, |end| end <= Instant::now());
        }
        let count = events.len().min(kept.events.len());
        events.iter_mut().zip(kept.events.drain(..count)).for_each(|(place, event)| *place = MaybeUninit::new(event));
        if !kept.events.is_empty() {
            // Another thread may have removed their watches before they were kept.
            let watched: HashSet<u64> = kept.tokens.values().copied().collect();
            kept.events.retain(|event| event.token == WAKE_TOKEN || watched.contains(&event.token));
        }
        Ok(count)
    }
}

static CAPABILITIES: Capabilities = Capabilities {
    level: Capability::unsupported(b"polling 2 has one-shot mode only\0"),
    edge: Capability::unsupported(b"polling 2 has one-shot mode only\0"),
    files: Capability::unsupported(b"epoll(7), which polling uses, refuses regular files\0"),
    priority: Capability::unsupported(b"polling 2 reports readable and writable only\0"),
    ..Capabilities::NATIVE
};
static FUNCTIONS: SelectorFunctions = functions_of::<Polling>();

const NAME: &[u8] = b"polling\0";
const SUMMARY: &[u8] = b"polling 2.2.0\0";

#[used]
#[link_section = ".note.pollux"]
static DESCRIPTION: Description = Description::new(NAME, -1, SUMMARY);

#[no_mangle]
#[allow(non_upper_case_globals)]
pub static pollux_plugin: Plugin = plugin_of::<Polling>(NAME, -1, SUMMARY, &CAPABILITIES, &FUNCTIONS);
