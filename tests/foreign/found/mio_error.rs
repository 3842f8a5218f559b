// SPDX-License-Identifier: BSL-1.0
//! mio 0.8.4: the error of a socket that is registered for reading comes with neither readable nor writable, which the
//! documentation of is_error() promises, and not as the end of reading either.
use mio::{unix::SourceFd, Events, Interest, Poll, Token};
use std::net::UdpSocket;
use std::os::unix::io::AsRawFd;
use std::time::Duration;

fn main() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    socket.connect(closed).unwrap();
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(8);
    poll.registry().register(&mut SourceFd(&socket.as_raw_fd()), Token(1), Interest::READABLE).unwrap();
    socket.send(b"refused").unwrap();
    poll.poll(&mut events, Some(Duration::from_secs(5))).unwrap();
    let event = events.iter().next().unwrap();
    println!("expected: readable, since recv() fails at once with {:?}", socket.recv(&mut [0; 8]).unwrap_err());
    println!("    seen: {event:?}");
    let is_missed = !event.is_readable() && !event.is_writable() && !event.is_read_closed();
    std::process::exit(!is_missed as i32);
}
