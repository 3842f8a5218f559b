// SPDX-License-Identifier: BSL-1.0
//! Makes the functions of the C interface, and pollux_plugin, of a type that implements Backend.
use crate::interface::*;
use std::alloc::{alloc, dealloc, Layout};
use std::mem::{size_of, MaybeUninit};
use std::os::raw::{c_int, c_void};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// An open Selector. Errors are values of errno; <pollux/plugin.h> has what each function promises.
pub trait Backend: Sync + Sized {
    /// An error comes with the step that failed, which has less than 96 bytes.
    fn open() -> Result<Self, (c_int, &'static str)>;
    fn add(&self, source: c_int, watch: &Watch) -> Result<(), c_int>;
    fn modify(&self, source: c_int, watch: &Watch) -> Result<(), c_int>;
    fn remove(&self, source: c_int) -> Result<(), c_int>;
    fn wake(&self) -> Result<(), c_int>;
    /// Returns how many events it has written. `timeout`: none if it waits forever.
    fn select(&self, events: &mut [MaybeUninit<Event>], timeout: Option<Duration>) -> Result<usize, c_int>;
}

pub fn errno_of(error: std::io::Error) -> c_int {
    error.raw_os_error().unwrap_or(EINVAL)
}

pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn status(result: Result<(), c_int>) -> c_int {
    result.err().unwrap_or(0)
}

unsafe extern "C" fn add<B: Backend>(backend: *mut c_void, source: c_int, watch: *const Watch) -> c_int {
    status((*backend.cast::<B>()).add(source, &*watch))
}

unsafe extern "C" fn modify<B: Backend>(backend: *mut c_void, source: c_int, watch: *const Watch) -> c_int {
    status((*backend.cast::<B>()).modify(source, &*watch))
}

unsafe extern "C" fn remove<B: Backend>(backend: *mut c_void, source: c_int) -> c_int {
    status((*backend.cast::<B>()).remove(source))
}

unsafe extern "C" fn wake<B: Backend>(backend: *mut c_void) -> c_int {
    status((*backend.cast::<B>()).wake())
}

unsafe extern "C" fn select<B: Backend>(
    backend: *mut c_void,
    events: *mut Event,
    capacity: usize,
    timeout: i64,
    count: *mut usize,
) -> c_int {
    let timeout = u64::try_from(timeout).ok().map(Duration::from_nanos);
    let events = std::slice::from_raw_parts_mut(events.cast::<MaybeUninit<Event>>(), capacity);
    status((*backend.cast::<B>()).select(events, timeout).map(|reported| *count = reported))
}

unsafe extern "C" fn destroy<B: Backend>(backend: *mut c_void, _is_child: c_int) {
    drop(Box::from_raw(backend.cast::<B>()));
}

unsafe extern "C" fn open<B: Backend>(
    _: *const OpenRequest,
    backend: *mut *mut c_void,
    failure: *mut OpenFailure,
) -> c_int {
    // Not Box::new(), which ends the program if there is no memory.
    let memory = alloc(Layout::new::<B>()).cast::<B>();
    let result = if memory.is_null() { Err((ENOMEM, "allocate")) } else { B::open() };
    match result {
        Ok(opened) => {
            memory.write(opened);
            *backend = memory.cast();
            0
        }
        Err((error, step)) => {
            if !memory.is_null() {
                dealloc(memory.cast(), Layout::new::<B>());
            }
            (&mut (*failure).step)[..step.len()].copy_from_slice(step.as_bytes());
            error
        }
    }
}

pub const fn functions_of<B: Backend>() -> SelectorFunctions {
    SelectorFunctions {
        size: size_of::<SelectorFunctions>() as u32,
        add: add::<B>,
        modify: modify::<B>,
        remove: remove::<B>,
        wake: wake::<B>,
        select: select::<B>,
        destroy: destroy::<B>,
    }
}

/// Returns the value of pollux_plugin. The texts are those of its description.
pub const fn plugin_of<B: Backend>(
    name: &'static [u8],
    rank: i32,
    summary: &'static [u8],
    capabilities: &'static Capabilities,
    functions: &'static SelectorFunctions,
) -> Plugin {
    Plugin {
        interface_version: INTERFACE_VERSION,
        size: size_of::<Plugin>() as u32,
        abi: Text::new(ABI),
        name: Text::new(name),
        summary: Text::new(summary),
        rank,
        option_count: 0,
        options: None,
        capabilities,
        functions,
        open: open::<B>,
    }
}
