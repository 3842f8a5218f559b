// SPDX-License-Identifier: BSL-1.0
//! polling 2.2.0: an out-of-band byte is reported as readable, where a read would block.
use polling::{Event, Poller};
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::os::unix::io::AsRawFd;
use std::time::Duration;

extern "C" {
    fn send(descriptor: i32, bytes: *const u8, size: usize, flags: i32) -> isize;
}

const MSG_OOB: i32 = 1;

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let mut near = listener.accept().unwrap().0;
    near.set_nonblocking(true).unwrap();
    let poller = Poller::new().unwrap();
    poller.add(&near, Event::readable(1)).unwrap();
    assert_eq!(unsafe { send(far.as_raw_fd(), b"!".as_ptr(), 1, MSG_OOB) }, 1);
    let mut events = Vec::new();
    poller.wait(&mut events, Some(Duration::from_millis(100))).unwrap();
    println!("expected: no event, or a read that does not block, seen: {events:?} and {:?}", near.read(&mut [0; 8]));
    std::process::exit(events.is_empty() as i32);
}
