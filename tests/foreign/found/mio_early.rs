// SPDX-License-Identifier: BSL-1.0
//! mio 0.8.4: a poll() of 1.9 ms returns after 1 ms without an event, and one of 0.9 ms at once.
use std::time::{Duration, Instant};

fn main() {
    let mut poll = mio::Poll::new().unwrap();
    let mut events = mio::Events::with_capacity(8);
    let timeout = Duration::from_micros(900);
    let start = Instant::now();
    poll.poll(&mut events, Some(timeout)).unwrap();
    let seen = start.elapsed();
    println!("expected: at least {timeout:?} or an event, seen: {seen:?} and {} events", events.iter().count());
    std::process::exit((seen < timeout) as i32);
}
