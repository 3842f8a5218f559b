// SPDX-License-Identifier: BSL-1.0
//! The calls of Linux that the standard library does not have. Errors are values of errno.
use crate::functions::errno_of;
use crate::interface::{EBADF, EINVAL, ENOMEM};
use std::os::raw::{c_int, c_long, c_short, c_ulong, c_void};
use std::os::unix::io::{FromRawFd, OwnedFd};
use std::time::Duration;

pub const POLLIN: c_short = 1;
pub const POLLPRI: c_short = 2;
pub const POLLOUT: c_short = 4;
pub const POLLERR: c_short = 8;
pub const POLLHUP: c_short = 16;
pub const POLLNVAL: c_short = 32;

/// struct pollfd. A negative `descriptor` is ignored by poll(2).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Polled {
    pub descriptor: c_int,
    pub events: c_short,
    pub seen: c_short,
}

#[repr(C)]
struct Time {
    seconds: c_long,
    nanoseconds: c_long,
}

extern "C" {
    fn fcntl(descriptor: c_int, command: c_int, ...) -> c_int;
    fn socketpair(domain: c_int, kind: c_int, protocol: c_int, ends: *mut c_int) -> c_int;
    fn send(descriptor: c_int, bytes: *const c_void, size: usize, flags: c_int) -> isize;
    fn recv(descriptor: c_int, bytes: *mut c_void, size: usize, flags: c_int) -> isize;
    fn ppoll(polled: *mut Polled, count: c_ulong, wait: *const Time, mask: *const c_void) -> c_int;
    fn pselect(
        count: c_int,
        reading: *mut c_ulong,
        writing: *mut c_ulong,
        exceptions: *mut c_ulong,
        wait: *const Time,
        mask: *const c_void,
    ) -> c_int;
}

fn check(result: isize) -> Result<usize, c_int> {
    if result < 0 {
        Err(errno_of(std::io::Error::last_os_error()))
    } else {
        Ok(result as usize)
    }
}

pub fn is_open(descriptor: c_int) -> Result<(), c_int> {
    const F_GETFD: c_int = 1;
    check(unsafe { fcntl(descriptor, F_GETFD) } as isize).map(|_| ())
}

/// Opens a pair of sockets: non-blocking, close-on-exec, and above the standard streams. A program that was started
/// without standard streams would print into it otherwise.
pub fn open_pair() -> Result<[OwnedFd; 2], c_int> {
    const AF_UNIX: c_int = 1;
    const SOCK_STREAM_NONBLOCK_CLOEXEC: c_int = 1 | 0o4000 | 0o2000000;
    const F_DUPFD_CLOEXEC: c_int = 1030;
    let mut ends = [-1; 2];
    check(unsafe { socketpair(AF_UNIX, SOCK_STREAM_NONBLOCK_CLOEXEC, 0, ends.as_mut_ptr()) } as isize)?;
    let [first, second] = ends.map(|end| unsafe { OwnedFd::from_raw_fd(end) });
    let moved = |end: OwnedFd, descriptor: c_int| -> Result<OwnedFd, c_int> {
        if descriptor > 2 {
            return Ok(end);
        }
        let moved = check(unsafe { fcntl(descriptor, F_DUPFD_CLOEXEC, 3 as c_int) } as isize)?;
        Ok(unsafe { OwnedFd::from_raw_fd(moved as c_int) })
    };
    Ok([moved(first, ends[0])?, moved(second, ends[1])?])
}

pub fn send_byte(descriptor: c_int) -> Result<(), c_int> {
    const MSG_NOSIGNAL: c_int = 0x4000;
    check(unsafe { send(descriptor, [0u8].as_ptr().cast(), 1, MSG_NOSIGNAL) }).map(|_| ())
}

/// Returns whether a byte of send_byte() can be received.
pub fn has_arrived(descriptor: c_int) -> bool {
    const MSG_PEEK: c_int = 0x02;
    const MSG_DONTWAIT: c_int = 0x40;
    let mut byte = 0u8;
    unsafe { recv(descriptor, (&mut byte as *mut u8).cast(), 1, MSG_PEEK | MSG_DONTWAIT) == 1 }
}

/// Returns how many bytes it has received, and dropped: 0 at the end of the stream.
pub fn drop_bytes(descriptor: c_int) -> Result<usize, c_int> {
    const MSG_DONTWAIT: c_int = 0x40;
    let mut bytes = [0u8; 16];
    check(unsafe { recv(descriptor, bytes.as_mut_ptr().cast(), bytes.len(), MSG_DONTWAIT) })
}

/// Calls poll(2), in its form with nanoseconds, for a day at most; returns how many are ready.
///
/// It fails with EINVAL if the program has lowered RLIMIT_NOFILE below the number of its sources.
pub fn poll(polled: &mut [Polled], wait: Duration) -> Result<usize, c_int> {
    let wait = wait.min(Duration::from_secs(86400));
    let time = Time { seconds: wait.as_secs() as c_long, nanoseconds: wait.subsec_nanos() as c_long };
    let count = unsafe { ppoll(polled.as_mut_ptr(), polled.len() as c_ulong, &time, std::ptr::null()) };
    match check(count as isize) {
        Err(EINVAL) => poll_by_select(polled, &time),
        result => result,
    }
}

/// Emulates poll(2) by select(2), which has no limit and reports hang-ups and errors as the conditions that are polled
/// for.
fn poll_by_select(polled: &mut [Polled], time: &Time) -> Result<usize, c_int> {
    const BITS: usize = c_ulong::BITS as usize;
    let highest = polled.iter().map(|entry| entry.descriptor).max().unwrap_or(-1).max(0) as usize;
    let words = highest / BITS + 1;
    // The kernel takes sets of any size.
    let mut sets: Vec<c_ulong> = Vec::new();
    sets.try_reserve_exact(3 * words).map_err(|_| ENOMEM)?;
    sets.resize(3 * words, 0);
    let conditions = [POLLIN, POLLOUT, POLLPRI];
    let place = |set: usize, descriptor: c_int| {
        (set * words + descriptor as usize / BITS, (1 as c_ulong) << (descriptor as usize % BITS))
    };
    for entry in polled.iter().filter(|entry| entry.descriptor >= 0) {
        for (set, condition) in conditions.iter().enumerate() {
            let (word, bit) = place(set, entry.descriptor);
            sets[word] |= if entry.events & condition != 0 { bit } else { 0 };
        }
    }
    let (reading, others) = sets.split_at_mut(words);
    let (writing, exceptions) = others.split_at_mut(words);
    let count = unsafe {
        let sets = (reading.as_mut_ptr(), writing.as_mut_ptr(), exceptions.as_mut_ptr());
        pselect(highest as c_int + 1, sets.0, sets.1, sets.2, time, std::ptr::null())
    };
    let result = check(count as isize);
    if !matches!(result, Ok(_) | Err(EBADF)) {
        return result;
    }
    for entry in polled.iter_mut() {
        entry.seen = 0;
        if entry.descriptor < 0 {
            continue;
        }
        if result.is_err() {
            // EBADF does not state of which.
            entry.seen = if is_open(entry.descriptor).is_err() { POLLNVAL } else { 0 };
            continue;
        }
        for (set, condition) in conditions.iter().enumerate() {
            let (word, bit) = place(set, entry.descriptor);
            entry.seen |= if sets[word] & bit != 0 { *condition } else { 0 };
        }
    }
    Ok(polled.iter().filter(|entry| entry.seen != 0).count())
}
