// SPDX-License-Identifier: BSL-1.0
//! mio as a backend: its Registry, Poll and Waker, called as a program would. What it reports is passed on as it is.
//!
//! An Interest of mio is never empty, so a program that pauses a source deregisters it, and so does this.
#[path = "../../../examples/rust_plugin/functions.rs"]
mod functions;
#[path = "../../../examples/rust_plugin/interface.rs"]
mod interface;

use functions::*;
use interface::*;
use mio::{event, unix::SourceFd, Events, Interest, Poll, Registry, Token, Waker};
use std::collections::HashMap;
use std::io::ErrorKind;
use std::mem::MaybeUninit;
use std::os::raw::c_int;
use std::sync::Mutex;
use std::time::Duration;

struct Mio {
    registry: Registry,
    waker: Waker,
    spare: Poll,                          // asked whether mio takes a source that is paused; never polled
    watched: Mutex<HashMap<c_int, bool>>, // whether a source is registered, or paused
    polling: Mutex<(Poll, Events)>,       // used by select() only
}

/// Returns none for a paused watch.
fn interest_of(watch: &Watch) -> Option<Interest> {
    let readable = if watch.interest & READABLE != 0 { Some(Interest::READABLE) } else { None };
    let writable = if watch.interest & WRITABLE != 0 { Some(Interest::WRITABLE) } else { None };
    match (readable, writable) {
        (Some(readable), Some(writable)) => Some(readable | writable),
        (readable, writable) => readable.or(writable),
    }
}

/// At the end of a stream or after an error neither a read nor a write would block, and mio has conditions of their own
/// for these.
fn ready_of(event: &event::Event) -> u8 {
    let has = |holds: bool, condition: u8| if holds { condition } else { 0 };
    has(event.is_readable() || event.is_read_closed(), READABLE)
        | has(event.is_writable() || event.is_write_closed(), WRITABLE)
        | has(event.is_read_closed(), CLOSED)
        | has(event.is_error(), FAILED)
}

impl Mio {
    fn probe(&self, source: c_int) -> Result<(), c_int> {
        let spare = self.spare.registry();
        spare.register(&mut SourceFd(&source), Token(0), Interest::READABLE).map_err(errno_of)?;
        spare.deregister(&mut SourceFd(&source)).map_err(errno_of)
    }
}

impl Backend for Mio {
    fn open() -> Result<Mio, (c_int, &'static str)> {
        let failed = |step| move |error| (errno_of(error), step);
        let poll = Poll::new().map_err(failed("mio::Poll::new"))?;
        let spare = Poll::new().map_err(failed("mio::Poll::new"))?;
        let registry = poll.registry().try_clone().map_err(failed("mio::Registry::try_clone"))?;
        let waker = Waker::new(&registry, Token(WAKE_TOKEN as usize)).map_err(failed("mio::Waker::new"))?;
        let polling = Mutex::new((poll, Events::with_capacity(64)));
        Ok(Mio { registry, waker, spare, watched: Mutex::default(), polling })
    }

    fn add(&self, source: c_int, watch: &Watch) -> Result<(), c_int> {
        let mut watched = locked(&self.watched);
        watched.try_reserve(1).map_err(|_| ENOMEM)?;
        let (token, interest) = (Token(watch.token as usize), interest_of(watch));
        match (interest, watched.get(&source)) {
            (None, Some(_)) | (Some(_), Some(false)) => return Err(EEXIST),
            (None, None) => self.probe(source)?,
            (Some(interest), _) => self.registry.register(&mut SourceFd(&source), token, interest).map_err(errno_of)?,
        }
        watched.insert(source, interest.is_some());
        Ok(())
    }

    fn modify(&self, source: c_int, watch: &Watch) -> Result<(), c_int> {
        let mut watched = locked(&self.watched);
        let (token, interest) = (Token(watch.token as usize), interest_of(watch));
        let (registry, mut descriptor) = (&self.registry, SourceFd(&source));
        match (interest, watched.get(&source)) {
            (Some(interest), Some(false)) => registry.register(&mut descriptor, token, interest).map_err(errno_of),
            (Some(interest), _) => registry.reregister(&mut descriptor, token, interest).map_err(errno_of),
            (None, Some(true)) => registry.deregister(&mut descriptor).map_err(errno_of),
            (None, Some(false)) => self.probe(source),
            (None, None) => self.probe(source).and(Err(ENOENT)),
        }
        .map_err(|error| if error == EPERM { ENOENT } else { error })?; // mio takes no such source
        watched.insert(source, interest.is_some());
        Ok(())
    }

    fn remove(&self, source: c_int) -> Result<(), c_int> {
        match locked(&self.watched).remove(&source) {
            Some(false) => Ok(()),
            _ => match self.registry.deregister(&mut SourceFd(&source)).map_err(errno_of) {
                Err(EBADF | EPERM) => Err(ENOENT), // what is not open, or not taken, is not watched
                result => result,
            },
        }
    }

    fn wake(&self) -> Result<(), c_int> {
        self.waker.wake().map_err(errno_of)
    }

    fn select(&self, events: &mut [MaybeUninit<Event>], timeout: Option<Duration>) -> Result<usize, c_int> {
        let mut polling = locked(&self.polling);
        let (poll, seen) = &mut *polling;
        if seen.capacity() != events.len() {
            *seen = Events::with_capacity(events.len());
        }
        match poll.poll(seen, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(0),
            result => result.map_err(errno_of)?,
        }
        let mut count = 0;
        for (place, event) in events.iter_mut().zip(seen.iter()) {
            let token = event.token().0 as u64;
            place.write(Event { token, ready: if token == WAKE_TOKEN { 0 } else { ready_of(event) } });
            count += 1;
        }
        Ok(count)
    }
}

static CAPABILITIES: Capabilities = Capabilities {
    oneshot: Capability::unsupported(b"mio registers for edge-triggered events only\0"),
    level: Capability::unsupported(b"mio registers for edge-triggered events only\0"),
    files: Capability::unsupported(b"epoll(7), which mio uses, refuses regular files\0"),
    priority: Capability::unsupported(b"an Interest of mio has no priority\0"),
    ..Capabilities::NATIVE
};

static FUNCTIONS: SelectorFunctions = functions_of::<Mio>();

const NAME: &[u8] = b"mio\0";
const RANK: i32 = -1;
const SUMMARY: &[u8] = b"mio 0.8.4\0";

#[used]
#[link_section = ".note.pollux"]
static DESCRIPTION: Description = Description::new(NAME, RANK, SUMMARY);

#[no_mangle]
#[allow(non_upper_case_globals)]
pub static pollux_plugin: Plugin = plugin_of::<Mio>(NAME, RANK, SUMMARY, &CAPABILITIES, &FUNCTIONS);
