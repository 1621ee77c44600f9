//! The port of a demo server: it can be closed and opened again, and its connections can be broken off.

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use futures_util::task::AtomicWaker;
use std::io::{Error, ErrorKind, Result};
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

const BACKLOG: u32 = 1024;

#[derive(Debug)]
pub(super) struct Door {
    pub(super) address: SocketAddr,
    state: tokio::sync::Mutex<State>,
    connections: Connections,
}

#[derive(Debug)]
enum State {
    Open(JoinHandle<Result<()>>),
    /// Bound, so that the port stays this server's, but not listening: whoever connects is refused.
    Closed(TcpSocket),
    /// Another program took the port.
    Lost,
}

impl Door {
    /// Takes a port, or a free one for 0, and does not listen yet.
    pub(super) fn claim(port: u16) -> Result<Self> {
        let socket = bind((Ipv4Addr::LOCALHOST, port).into())?;
        let address = socket.local_addr()?;
        Ok(Self { address, state: tokio::sync::Mutex::new(State::Closed(socket)), connections: Connections::default() })
    }

    /// Listens; nothing changes if it does already.
    pub(super) async fn open(&self, routes: Router) -> Result<()> {
        let mut state = self.state.lock().await;
        let socket = match std::mem::replace(&mut *state, State::Lost) {
            State::Open(task) => {
                *state = State::Open(task);
                return Ok(());
            }
            State::Closed(socket) => socket,
            State::Lost => bind(self.address)?,
        };
        let gate = Gate { listener: socket.listen(BACKLOG)?, connections: self.connections.clone() };
        let service = routes.into_make_service_with_connect_info::<Connection>();
        *state = State::Open(tokio::spawn(async move { axum::serve(gate, service).await }));
        Ok(())
    }

    /// Stops listening and breaks every connection.
    pub(super) async fn close(&self) -> Result<()> {
        let mut state = self.state.lock().await;
        if let State::Open(task) = &mut *state {
            // First, since the end of the task lets idle connections end in peace.
            self.connections.break_off();
            task.abort();
            // Only when the task is over is its listener gone.
            let _ = task.await;
            *state = State::Lost;
            // Those that it accepted meanwhile.
            self.connections.break_off();
            *state = State::Closed(bind(self.address)?);
        }
        Ok(())
    }
}

fn bind(address: SocketAddr) -> Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// The connections of one server that are still there.
#[derive(Debug, Clone, Default)]
struct Connections(Arc<Mutex<Vec<Weak<End>>>>);

impl Connections {
    fn add(&self) -> Connection {
        let end = Arc::new(End::default());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|known| known.strong_count() > 0);
        all.push(Arc::downgrade(&end));
        Connection(end)
    }

    fn break_off(&self) {
        let all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        all.iter().filter_map(Weak::upgrade).for_each(|end| Connection(end).break_off());
    }
}

#[derive(Debug, Default)]
struct End {
    is_due: AtomicBool,
    waker: AtomicWaker,
}

/// A handle on one connection; clones are the same connection.
#[derive(Debug, Clone)]
pub(super) struct Connection(Arc<End>);

impl Connection {
    /// Ends it by a TCP reset. Nothing that is written afterwards reaches the client.
    pub(super) fn break_off(&self) {
        self.0.is_due.store(true, Ordering::Release);
        self.0.waker.wake();
    }

    fn is_due(&self) -> bool {
        self.0.is_due.load(Ordering::Acquire)
    }
}

impl Connected<IncomingStream<'_, Gate>> for Connection {
    fn connect_info(stream: IncomingStream<'_, Gate>) -> Self {
        stream.remote_addr().clone()
    }
}

/// What accepts connections while the door is open.
struct Gate {
    listener: TcpListener,
    connections: Connections,
}

impl Listener for Gate {
    type Io = Breakable;
    type Addr = Connection;

    async fn accept(&mut self) -> (Breakable, Connection) {
        let (stream, _) = Listener::accept(&mut self.listener).await;
        // The first event of a stream must not wait for the second.
        let _ = stream.set_nodelay(true);
        let connection = self.connections.add();
        (Breakable { stream, connection: connection.clone() }, connection)
    }

    fn local_addr(&self) -> Result<Connection> {
        Err(ErrorKind::Unsupported.into())
    }
}

/// A stream that fails from the moment it is broken off.
struct Breakable {
    stream: TcpStream,
    connection: Connection,
}

impl Drop for Breakable {
    /// The server may let go of a stream without another look at it.
    fn drop(&mut self) {
        if self.connection.is_due() {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl Breakable {
    fn poll<T>(
        &mut self,
        context: &mut Context<'_>,
        work: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<Result<T>>,
    ) -> Poll<Result<T>> {
        // Before the look at the flag, so that no break goes unseen between the two.
        self.connection.0.waker.register(context.waker());
        if self.connection.is_due() {
            return Poll::Ready(Err(Error::from(ErrorKind::ConnectionReset)));
        }
        work(Pin::new(&mut self.stream), context)
    }
}

impl AsyncRead for Breakable {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        self.get_mut().poll(context, |stream, context| stream.poll_read(context, buffer))
    }
}

impl AsyncWrite for Breakable {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        self.get_mut().poll(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.get_mut().poll(context, |stream, context| stream.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.get_mut().poll(context, |stream, context| stream.poll_shutdown(context))
    }
}
