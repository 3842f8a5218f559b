// SPDX-License-Identifier: BSL-1.0
//! polling 2.2.0: a source that is added or modified with Event::none(), "no kind of readiness events", is reported as
//! readable and writable when it hangs up.
use polling::{Event, Poller};
use std::os::unix::net::UnixStream;
use std::time::Duration;

fn main() {
    let (near, far) = UnixStream::pair().unwrap();
    let poller = Poller::new().unwrap();
    poller.add(&near, Event::none(1)).unwrap();
    drop(far);
    let mut events = Vec::new();
    poller.wait(&mut events, Some(Duration::from_millis(10))).unwrap();
    println!("expected: no event, seen: {events:?}");
    std::process::exit(events.is_empty() as i32);
}
