// SPDX-License-Identifier: BSL-1.0
//! polling 2.2.0: a Poller::new() that fails for want of a second descriptor leaves the first one open, for ever.
use std::fs::File;

#[repr(C)]
struct Limit {
    now: u64,
    highest: u64,
}

extern "C" {
    fn setrlimit(resource: i32, limit: *const Limit) -> i32;
}

const RLIMIT_NOFILE: i32 = 7;

fn main() {
    assert_eq!(unsafe { setrlimit(RLIMIT_NOFILE, &Limit { now: 64, highest: 64 }) }, 0);
    let mut all: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    all.pop(); // one descriptor is free
    let error = polling::Poller::new().unwrap_err();
    let can_open = File::open("/dev/null").is_ok();
    println!("expected: a descriptor is free after {error:?}, seen: {can_open}");
    std::process::exit(can_open as i32);
}
