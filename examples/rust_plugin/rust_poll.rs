// SPDX-License-Identifier: BSL-1.0
//! A plugin in Rust that keeps every rule, as an example to read: poll(2), by the C interface.
//!
//! Events are those of a non-blocking poll(2) under the lock, so none is of a watch before a change. A sleep works on a
//! copy of the table, and each change ends it. The adapter in the core refuses forked children, reserved tokens, empty
//! buffers, and what the capabilities exclude: <pollux/plugin.h>.
//!
//! No panic may leave a function: build it with `-C panic=abort`. Memory is reserved by functions that report its lack.
mod functions;
mod interface;
mod system;
mod table;

use functions::*;
use interface::*;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::os::raw::c_int;
use std::os::unix::io::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use system::*;
use table::{reserve, Table};

struct Selector {
    table: Mutex<Table>,
    sleeping_on: Mutex<Vec<Polled>>, // used by select() only
    receiver: OwnedFd,
    sender: OwnedFd,
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
    /// Ends a sleep. If it fails, no change may be made.
    fn interrupt(&self, table: &mut Table) -> Result<(), c_int> {
        if table.is_asleep && !table.is_interrupted {
            match send_byte(self.sender.as_raw_fd()) {
                Err(EAGAIN) => (),
                Err(ENOMEM) => return Err(ENOMEM),
                result => result.map_err(|_| EBADF)?,
            }
            // The program may have closed the receiver, and another file may have reused its descriptor: that byte does
            // not end the sleep.
            if !has_arrived(self.receiver.as_raw_fd()) {
                return Err(EBADF);
            }
            table.is_interrupted = true;
        }
        Ok(())
    }
}

impl Backend for Selector {
    fn open() -> Result<Selector, (c_int, &'static str)> {
        let [receiver, sender] = open_pair().map_err(|error| (error, "socketpair"))?;
        let table = Table::new(receiver.as_raw_fd()).map_err(|error| (error, "allocate"))?;
        Ok(Selector { table: Mutex::new(table), sleeping_on: Mutex::new(Vec::new()), receiver, sender })
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

    fn select(&self, events: &mut [MaybeUninit<Event>], timeout: Option<Duration>) -> Result<usize, c_int> {
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
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

// ---- What the program reads

static CAPABILITIES: Capabilities = Capabilities {
    oneshot: Capability::emulated(b"a spent watch is hidden from poll(2) until modify()\0"),
    edge: Capability::unsupported(b"poll(2) reports states, not arrivals\0"),
    ..Capabilities::NATIVE // priority is not of files
};

static FUNCTIONS: SelectorFunctions = functions_of::<Selector>();

const NAME: &[u8] = b"rust_poll\0";
const RANK: i32 = -1; // below 0: only if it is requested by name, or no other backend opens
const SUMMARY: &[u8] = b"poll(2), in Rust\0";

#[used]
#[link_section = ".note.pollux"]
static DESCRIPTION: Description = Description::new(NAME, RANK, SUMMARY);

#[no_mangle]
#[allow(non_upper_case_globals)]
pub static pollux_plugin: Plugin = plugin_of::<Selector>(NAME, RANK, SUMMARY, &CAPABILITIES, &FUNCTIONS);
