// SPDX-License-Identifier: BSL-1.0
//! A plugin in Rust that keeps every rule, as an example to read: poll(2), by the C interface.
//!
//! Events are those of a non-blocking poll(2) under the lock, so none is of a watch before a change. A sleep works on a
//! copy of the table, and each change ends it. The adapter in the core refuses forked children, reserved tokens, empty
//! buffers, and what the capabilities exclude: <pollux/plugin.h>.
//!
//! No panic may leave a function: build it with `-C panic=abort`. Memory is reserved by functions that report its lack.
mod interface;
mod system;
mod table;

use interface::*;
use std::alloc::{alloc, dealloc, Layout};
use std::mem::{ManuallyDrop, MaybeUninit};
use std::os::raw::{c_int, c_void};
use std::os::unix::io::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use system::*;
use table::{reserve, Table};

struct Selector {
    table: Mutex<Table>,
    sleeping_on: Mutex<Vec<Polled>>, // used by select() only
    receiver: OwnedFd,
    sender: OwnedFd,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Refuses what is not open, which poll(2) would report later, to another thread; and priority of a file, which reports
/// it once, to the first poll(2) after a change: that may be one whose result is not used.
fn validate(source: c_int, watch: &Watch) -> Result<(), c_int> {
    is_open(source)?;
    if watch.interest & PRIORITY == 0 {
        return Ok(());
    }
    let file = ManuallyDrop::new(unsafe { std::fs::File::from_raw_fd(source) });
    let is_file = file.metadata().map_or(false, |status| status.is_file());
    if is_file {
        Err(EOPNOTSUPP)
    } else {
        Ok(())
    }
}

impl Selector {
    fn open() -> Result<Selector, c_int> {
        let [receiver, sender] = open_pair()?;
        let table = Table::new(receiver.as_raw_fd())?;
        Ok(Selector { table: Mutex::new(table), sleeping_on: Mutex::new(Vec::new()), receiver, sender })
    }

    /// Ends a sleep. If it fails, no change may be made.
    fn interrupt(&self, table: &mut Table) -> Result<(), c_int> {
        if table.is_asleep && !table.is_interrupted {
            match send_byte(self.sender.as_raw_fd()) {
                Err(EAGAIN) => (),
                Err(ENOMEM) => return Err(ENOMEM),
                result => result.map_err(|_| EBADF)?,
            }
            // The program may have closed the receiver, and another file may have its number by now: that does not end
            // the sleep.
            if !has_arrived(self.receiver.as_raw_fd()) {
                return Err(EBADF);
            }
            table.is_interrupted = true;
        }
        Ok(())
    }

    fn add(&self, source: c_int, watch: &Watch) -> Result<(), c_int> {
        validate(source, watch)?;
        let mut table = locked(&self.table);
        if table.index_of(source).is_some() {
            return Err(EEXIST);
        }
        table.reserve(source)?;
        self.interrupt(&mut table)?;
        table.add(source, watch);
        Ok(())
    }

    fn modify(&self, source: c_int, watch: &Watch) -> Result<(), c_int> {
        validate(source, watch)?;
        let mut table = locked(&self.table);
        let index = table.index_of(source).ok_or(ENOENT)?;
        self.interrupt(&mut table)?;
        table.modify(source, index, watch);
        Ok(())
    }

    fn remove(&self, source: c_int) -> Result<(), c_int> {
        let mut table = locked(&self.table);
        let index = table.index_of(source).ok_or(ENOENT)?;
        self.interrupt(&mut table)?;
        table.remove(source, index);
        Ok(())
    }

    fn wake(&self) -> Result<(), c_int> {
        let mut table = locked(&self.table);
        self.interrupt(&mut table)?;
        table.is_woken = true;
        Ok(())
    }

    /// `end`: none if it waits forever.
    fn select(&self, events: &mut [MaybeUninit<Event>], end: Option<Instant>) -> Result<usize, c_int> {
        let mut sleeping_on = locked(&self.sleeping_on);
        loop {
            let mut table = locked(&self.table);
            let count = table.collect(self.receiver.as_raw_fd(), events)?;
            let left = end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            if count != 0 || left.is_zero() {
                return Ok(count);
            }
            sleeping_on.clear();
            reserve(&mut sleeping_on, table.polled.len())?;
            sleeping_on.extend_from_slice(&table.polled);
            table.is_asleep = true;
            drop(table);
            let result = poll(&mut sleeping_on, left);
            locked(&self.table).is_asleep = false;
            match result {
                Err(EINTR) => return Ok(0), // a signal is neither an event nor an error
                result => result?,
            };
        }
    }
}

// ---- What the program calls

fn status(result: Result<(), c_int>) -> c_int {
    result.err().unwrap_or(0)
}

unsafe extern "C" fn add(selector: *mut c_void, source: c_int, watch: *const Watch) -> c_int {
    status((*selector.cast::<Selector>()).add(source, &*watch))
}

unsafe extern "C" fn modify(selector: *mut c_void, source: c_int, watch: *const Watch) -> c_int {
    status((*selector.cast::<Selector>()).modify(source, &*watch))
}

unsafe extern "C" fn remove(selector: *mut c_void, source: c_int) -> c_int {
    status((*selector.cast::<Selector>()).remove(source))
}

unsafe extern "C" fn wake(selector: *mut c_void) -> c_int {
    status((*selector.cast::<Selector>()).wake())
}

unsafe extern "C" fn select(
    selector: *mut c_void,
    events: *mut Event,
    capacity: usize,
    timeout: i64,
    count: *mut usize,
) -> c_int {
    let end = match u64::try_from(timeout) {
        Ok(nanoseconds) => Instant::now().checked_add(Duration::from_nanos(nanoseconds)),
        Err(_) => None,
    };
    let events = std::slice::from_raw_parts_mut(events.cast::<MaybeUninit<Event>>(), capacity);
    status((*selector.cast::<Selector>()).select(events, end).map(|reported| *count = reported))
}

unsafe extern "C" fn destroy(selector: *mut c_void, _is_child: c_int) {
    drop(Box::from_raw(selector.cast::<Selector>()));
}

unsafe extern "C" fn open(_: *const OpenRequest, selector: *mut *mut c_void, failure: *mut OpenFailure) -> c_int {
    // Not Box::new(), which ends the program if there is no memory.
    let place = alloc(Layout::new::<Selector>()).cast::<Selector>();
    let result = if place.is_null() { Err(ENOMEM) } else { Selector::open() };
    match result {
        Ok(opened) => {
            place.write(opened);
            *selector = place.cast();
            0
        }
        Err(error) => {
            if !place.is_null() {
                dealloc(place.cast(), Layout::new::<Selector>());
            }
            let step = b"socketpair";
            (&mut (*failure).step)[..step.len()].copy_from_slice(step);
            error
        }
    }
}

// ---- What the program reads

const NATIVELY: Capability = Capability { support: NATIVE, reason: Text::NULL };

static CAPABILITIES: Capabilities = Capabilities {
    size: std::mem::size_of::<Capabilities>() as u32,
    oneshot: Capability {
        support: EMULATED,
        reason: Text::new(b"a spent watch is hidden from poll(2) until modify()\0"),
    },
    level: NATIVELY,
    edge: Capability { support: UNSUPPORTED, reason: Text::new(b"poll(2) reports states, not arrivals\0") },
    sockets: NATIVELY,
    pipes: NATIVELY,
    files: NATIVELY,
    priority: NATIVELY,            // not of files
    timeout_resolution: 2_000_000, // the kernel lets a sleep last a thousandth longer; the rest is the scheduler's
};

static FUNCTIONS: SelectorFunctions = SelectorFunctions {
    size: std::mem::size_of::<SelectorFunctions>() as u32,
    add,
    modify,
    remove,
    wake,
    select,
    destroy,
};

const NAME: &[u8] = b"rust_poll\0";
const RANK: i32 = -1; // below 0: only if it is requested by name, or no other backend opens
const SUMMARY: &[u8] = b"poll(2), in Rust\0";

#[used]
#[link_section = ".note.pollux"]
static DESCRIPTION: Description = Description::new(NAME, RANK, SUMMARY);

#[no_mangle]
#[allow(non_upper_case_globals)]
pub static pollux_plugin: Plugin = Plugin {
    interface_version: INTERFACE_VERSION,
    size: std::mem::size_of::<Plugin>() as u32,
    abi: Text::new(ABI),
    name: Text::new(NAME),
    summary: Text::new(SUMMARY),
    rank: RANK,
    option_count: 0,
    options: None,
    capabilities: &CAPABILITIES,
    functions: &FUNCTIONS,
    open,
};
