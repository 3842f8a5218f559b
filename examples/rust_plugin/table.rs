// SPDX-License-Identifier: BSL-1.0
//! The table of watches, in the layout of poll(2). Its caller locks.
use crate::interface::*;
use crate::system::*;
use std::mem::MaybeUninit;
use std::os::raw::{c_int, c_short};
use std::time::Duration;

const NOT_WATCHED: u32 = u32::MAX;
const OWN: usize = 0; // the index of what ends a sleep, where the wake takes its turn

struct Kept {
    token: u64,
    is_oneshot: bool,
}

/// The watches, and what select() has to know of them.
pub struct Table {
    pub polled: Vec<Polled>, // a watch that must not be reported has its file descriptor complemented
    kept: Vec<Kept>,         // the same indexes as in `polled`
    index: Vec<u32>,         // by file descriptor
    next: usize,             // the index at which the next scan begins: sources take turns
    pub is_woken: bool,      // by wake(), not only by changes of watches
    pub is_asleep: bool,
    pub is_interrupted: bool, // a byte is on its way
}

pub fn reserve<T>(table: &mut Vec<T>, more: usize) -> Result<(), c_int> {
    table.try_reserve(more).map_err(|_| ENOMEM)
}

fn masked(descriptor: c_int) -> c_int {
    if descriptor < 0 {
        descriptor
    } else {
        !descriptor
    }
}

fn polled_for(source: c_int, interest: u8) -> Polled {
    let ask = |condition: u8, event: c_short| if interest & condition != 0 { event } else { 0 };
    let events = ask(READABLE, POLLIN) | ask(WRITABLE, POLLOUT) | ask(PRIORITY, POLLPRI);
    Polled { descriptor: if events == 0 { masked(source) } else { source }, events, seen: 0 }
}

fn ready_of(seen: c_short) -> u8 {
    let has = |events: c_short, condition: u8| if seen & events != 0 { condition } else { 0 };
    has(POLLIN | POLLHUP | POLLERR, READABLE)
        | has(POLLOUT | POLLHUP | POLLERR, WRITABLE)
        | has(POLLPRI, PRIORITY)
        | has(POLLHUP, CLOSED)
        | has(POLLERR, FAILED)
}

impl Table {
    /// `receiver`: what ends a sleep.
    pub fn new(receiver: c_int) -> Result<Table, c_int> {
        let mut table = Table {
            polled: Vec::new(),
            kept: Vec::new(),
            index: Vec::new(),
            next: 0,
            is_woken: false,
            is_asleep: false,
            is_interrupted: false,
        };
        table.reserve(receiver)?;
        table.polled.push(polled_for(receiver, READABLE));
        table.kept.push(Kept { token: WAKE_TOKEN, is_oneshot: false });
        Ok(table)
    }

    pub fn index_of(&self, source: c_int) -> Option<usize> {
        let index = self.index.get(usize::try_from(source).ok()?).copied()?;
        if index == NOT_WATCHED {
            None
        } else {
            Some(index as usize)
        }
    }

    /// Reserves what the next add() needs, so that a failure changes nothing.
    pub fn reserve(&mut self, source: c_int) -> Result<(), c_int> {
        let least = source as usize + 1;
        if least > self.index.len() {
            let more = least - self.index.len();
            reserve(&mut self.index, more)?;
            self.index.resize(least, NOT_WATCHED);
        }
        reserve(&mut self.polled, 1)?;
        reserve(&mut self.kept, 1)
    }

    pub fn add(&mut self, source: c_int, watch: &Watch) {
        self.index[source as usize] = self.polled.len() as u32;
        self.polled.push(polled_for(source, watch.interest));
        self.kept.push(Kept { token: watch.token, is_oneshot: watch.mode == ONESHOT });
    }

    pub fn modify(&mut self, source: c_int, index: usize, watch: &Watch) {
        self.polled[index] = polled_for(source, watch.interest);
        self.kept[index] = Kept { token: watch.token, is_oneshot: watch.mode == ONESHOT };
    }

    pub fn remove(&mut self, source: c_int, index: usize) {
        self.index[source as usize] = NOT_WATCHED;
        self.polled.swap_remove(index);
        self.kept.swap_remove(index);
        if let Some(moved) = self.polled.get(index) {
            let moved = if moved.descriptor < 0 { !moved.descriptor } else { moved.descriptor };
            self.index[moved as usize] = index as u32;
        }
    }

    /// Reports what is ready now, beginning after the source that was reported last.
    pub fn collect(&mut self, receiver: c_int, events: &mut [MaybeUninit<Event>]) -> Result<usize, c_int> {
        let mut ready = loop {
            match poll(&mut self.polled, Duration::ZERO) {
                Err(EINTR) => continue,
                result => break result?,
            }
        };
        let mut count = 0;
        for _ in 0..self.polled.len() {
            if count == events.len() || (ready == 0 && !self.is_woken) {
                break;
            }
            let index = if self.next < self.polled.len() { self.next } else { 0 };
            let seen = self.polled[index].seen;
            ready -= usize::from(seen != 0);
            if index == OWN {
                if seen != 0 {
                    self.is_interrupted = false;
                    // The program may have closed one of its ends, or reused its file descriptor.
                    if !matches!(drop_bytes(receiver), Ok(1..) | Err(EAGAIN)) {
                        return if count == 0 { Err(EBADF) } else { Ok(count) }; // the next call begins here
                    }
                }
                if std::mem::take(&mut self.is_woken) {
                    events[count].write(Event { token: WAKE_TOKEN, ready: 0 });
                    count += 1;
                }
            } else if seen != 0 {
                // POLLNVAL: closed while registered. Each poll(2) would report it.
                if self.kept[index].is_oneshot || seen & POLLNVAL != 0 {
                    self.polled[index].descriptor = masked(self.polled[index].descriptor);
                }
                if ready_of(seen) != 0 {
                    events[count].write(Event { token: self.kept[index].token, ready: ready_of(seen) });
                    count += 1;
                }
            }
            self.next = index + 1;
        }
        Ok(count)
    }
}
