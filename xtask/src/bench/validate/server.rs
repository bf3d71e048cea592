//! What both programs ask: as much of S3 and CloudTrail as they do, from the folder of a tree, over plain HTTP on this
//! machine. A process of its own, so that its share of the processors can be told from theirs.
//!
//! As cheap as a server can be: one thread that waits for all connections at once, small objects as ready answers, large
//! ones by sendfile. A thread for each connection takes twice as much, most of it for changing from one to the next.
//!
//! Knows: connections, and what of HTTP/1.1 both programs use: one request at a time. Must not know: what is answered.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Parser;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use rustix::fs::sendfile;

use super::bucket::{Body, Bucket};

/// Who waits for new connections.
const LISTENER: Token = Token(0);
/// So much is read or sent at a time.
const PIECE: usize = 128 * 1024;

/// Started by `cargo xtask bench validate` itself.
#[derive(Debug, Parser)]
pub(in crate::bench) struct Args {
    /// The folder of a tree
    tree: PathBuf,
    /// How long each answer is held back
    #[arg(long, value_name = "MILLISECONDS", default_value = "0")]
    latency: u64,
}

/// Says where it listens, and serves until its standard input ends.
pub(in crate::bench) fn run(args: &Args) -> Result<ExitCode> {
    let bucket = Bucket::read(&args.tree)?;
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let listener = listener.context("no free port on 127.0.0.1")?;
    println!("http://{}", listener.local_addr()?);
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(0);
    });
    let mut server = Server {
        poll: Poll::new()?,
        listener,
        bucket,
        latency: Duration::from_millis(args.latency),
        connections: HashMap::new(),
        held: VecDeque::new(),
        next: 1,
        piece: vec![0; PIECE],
    };
    server.serve()?;
    Ok(ExitCode::SUCCESS)
}

struct Server {
    poll: Poll,
    listener: TcpListener,
    bucket: Bucket,
    latency: Duration,
    connections: HashMap<Token, Connection>,
    /// Whose answers are due when.
    held: VecDeque<(Instant, Token)>,
    next: usize,
    piece: Vec<u8>,
}

struct Connection {
    stream: TcpStream,
    /// What has come of a request.
    input: Vec<u8>,
    answer: Option<Answer>,
}

/// An answer, and how much of it was sent.
struct Answer {
    head: Arc<[u8]>,
    file: Option<(File, u64)>,
    sent: usize,
    /// It is not due yet.
    held: bool,
}

impl Server {
    fn serve(&mut self) -> Result<()> {
        self.poll.registry().register(&mut self.listener, LISTENER, Interest::READABLE)?;
        let mut events = Events::with_capacity(256);
        loop {
            let due = self.held.front().map(|(due, _)| due.saturating_duration_since(Instant::now()));
            match self.poll.poll(&mut events, due) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            }
            for event in &events {
                if event.token() == LISTENER {
                    self.accept()?;
                    continue;
                }
                // A client that hangs up is no failure.
                if !self.go_on(event.token()).unwrap_or(false) {
                    self.connections.remove(&event.token());
                }
            }
            while let Some((_, token)) = self.held.pop_front_if(|(due, _)| *due <= Instant::now()) {
                if !self.send(token).unwrap_or(false) {
                    self.connections.remove(&token);
                }
            }
        }
    }

    fn accept(&mut self) -> Result<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            stream.set_nodelay(true)?;
            let token = Token(self.next);
            self.next += 1;
            self.poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
            self.connections.insert(token, Connection { stream, input: Vec::new(), answer: None });
        }
    }

    /// Reads what there is, or sends what is left; `false` at the end of the connection.
    fn go_on(&mut self, token: Token) -> io::Result<bool> {
        let Some(connection) = self.connections.get_mut(&token) else { return Ok(true) };
        if let Some(answer) = &connection.answer {
            return if answer.held { Ok(true) } else { self.send(token) };
        }
        loop {
            match connection.stream.read(&mut self.piece) {
                Ok(0) => return Ok(false),
                Ok(count) => connection.input.extend_from_slice(&self.piece[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            }
            let Some(request) = Request::read(&connection.input) else { continue };
            let (head, path) = match self.bucket.answer(request.method, request.target, request.operation) {
                Body::Ready(bytes) => (bytes, None),
                Body::Large(head, path) => (head, Some(path)),
            };
            let file = path.map(File::open).transpose()?.map(|file| (file, 0));
            let late = !self.latency.is_zero();
            connection.answer = Some(Answer { head, file, sent: 0, held: late });
            connection.input.clear();
            if late {
                self.held.push_back((Instant::now() + self.latency, token));
                return Ok(true);
            }
            return self.send(token);
        }
    }

    fn send(&mut self, token: Token) -> io::Result<bool> {
        let Some(connection) = self.connections.get_mut(&token) else { return Ok(true) };
        let Some(answer) = &mut connection.answer else { return Ok(true) };
        answer.held = false;
        loop {
            let sent = match &mut answer.file {
                _ if answer.sent < answer.head.len() => {
                    connection.stream.write(&answer.head[answer.sent..]).inspect(|count| answer.sent += count)
                }
                None => break,
                Some((file, at)) => match sendfile(&connection.stream, &*file, Some(at), PIECE) {
                    Ok(0) => break,
                    sent => sent.map_err(io::Error::from),
                },
            };
            match sent {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                sent => sent.map(drop)?,
            }
        }
        connection.answer = None;
        Ok(true)
    }
}

/// What is asked.
#[derive(Debug, PartialEq, Eq)]
struct Request<'a> {
    method: &'a str,
    target: &'a str,
    /// Of services that speak JSON.
    operation: &'a str,
}

impl<'a> Request<'a> {
    /// `None` while some of it is still to come.
    fn read(input: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(input).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let mut words = lines.next()?.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        let (mut operation, mut length) = ("", 0);
        // Only these have a body, and a name elsewhere than in the first line.
        if method == "POST" {
            for (name, value) in lines.filter_map(|line| line.split_once(':')) {
                if name.eq_ignore_ascii_case("content-length") {
                    length = value.trim().parse().ok()?;
                } else if name.eq_ignore_ascii_case("x-amz-target") {
                    operation = value.trim().rsplit('.').next()?;
                }
            }
        }
        (body.len() >= length).then_some(Self { method, target, operation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_once_all_of_it_is_there() {
        let text =
            "POST / HTTP/1.1\r\nhost: x\r\nX-Amz-Target: a.b.ListPublicKeys\r\ncontent-length: 2\r\n\r\n{}";
        for end in 0..text.len() {
            assert_eq!(Request::read(&text.as_bytes()[..end]), None, "{end}");
        }
        let expected = Request { method: "POST", target: "/", operation: "ListPublicKeys" };
        assert_eq!(Request::read(text.as_bytes()), Some(expected));
    }
}
