// SPDX-License-Identifier: BSL-1.0
//! polling 2.2.0: a child process that drops its Poller takes the notifications and timeouts of its parent's.
use polling::Poller;
use std::time::Duration;

extern "C" {
    fn fork() -> i32;
    fn waitpid(process: i32, status: *mut i32, options: i32) -> i32;
    fn _exit(status: i32) -> !;
}

fn main() {
    let poller = Poller::new().unwrap();
    let process = unsafe { fork() };
    if process == 0 {
        drop(poller);
        unsafe { _exit(0) };
    }
    unsafe { waitpid(process, std::ptr::null_mut(), 0) };
    let seen = poller.wait(&mut Vec::new(), Some(Duration::from_millis(10)));
    println!("expected: Ok(0) after 10 ms, seen: {seen:?}");
    std::process::exit(seen.is_ok() as i32);
}
