//! Looks at an Envoy: twice for a script, again and again for somebody who watches.

use super::look::{Look, Looking};
use super::screen::{Shown, screen};
use super::terminal::Terminal;
use super::view::View;
use super::window::{Recent, Window};
use crate::command::run::asked_to_stop;
use crate::envoy::place::Place;
use pointsman_source::reason;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::{MissedTickBehavior, interval_at, sleep};

/// What is asked of Envoy: all series that may be ours, and nothing of its own.
const QUESTION: &str = "/stats/prometheus?filter=pointsman_%7Cgen_ai_";

/// An Envoy that is looked at.
#[derive(Debug)]
pub(crate) struct Watch {
    place: Arc<Place>,
    began: Instant,
    looking: Looking,
    window: Window,
}

/// Envoy's answer, or why there is none, and when it came.
type Answered = (Result<String, String>, Instant);

async fn ask(place: &Place) -> Answered {
    let answer = place.ask(QUESTION).await.and_then(|answer| match answer.status {
        200 => Ok(String::from_utf8_lossy(&answer.body).into_owned()),
        other => Err(format!("`{}`: `GET {QUESTION}` was answered with {other}", place.address)),
    });
    (answer, Instant::now())
}

/// Asks again and again, each time a while after the answer before. An Envoy that does not answer keeps nobody from his keys.
fn answers(place: Arc<Place>, pause: Duration) -> Receiver<Answered> {
    let (sender, receiver) = channel(1);
    tokio::spawn(async move {
        let mut ticks = interval_at((Instant::now() + pause).into(), pause);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if sender.send(ask(&place).await).await.is_err() {
                return;
            }
        }
    });
    receiver
}

impl Watch {
    pub(crate) fn new(place: Place) -> Self {
        let (looking, window) = (Looking::default(), Window::default());
        Self { place: Arc::new(place), began: Instant::now(), looking, window }
    }

    fn take(&mut self, (answer, at): Answered) -> Result<Look, String> {
        let looked = self.looking.look(&answer?);
        let mut look = looked.map_err(|fault| format!("`{}`: {}", self.place.address, fault.sentence()))?;
        self.window.take(&mut look, at - self.began);
        Ok(look)
    }

    /// Two looks, so that there is something to say of each second; `show` makes a text of them.
    pub(crate) async fn once(
        mut self,
        pause: Duration,
        view: View,
        show: impl FnOnce(&Shown<'_>) -> String,
    ) -> Result<String, String> {
        let first = ask(&self.place).await;
        self.take(first)?;
        sleep(pause).await;
        let second = ask(&self.place).await;
        let look = self.take(second)?;
        Ok(show(&self.shown(&look, self.window.recent().as_ref(), view, None)))
    }

    /// Until somebody ends it. An Envoy that cannot be asked for a while is waited for.
    pub(crate) async fn follow(mut self, pause: Duration, mut view: View) -> Result<(), String> {
        let first = ask(&self.place).await;
        let (mut look, mut trouble) = (self.take(first)?, None);
        let failed = |err: std::io::Error| format!("the terminal: {}", reason(&err));
        let mut answers = answers(Arc::clone(&self.place), pause);
        let mut terminal = Terminal::take().map_err(failed)?;
        let mut keys = terminal.listen();
        let mut stop = std::pin::pin!(asked_to_stop());
        loop {
            view = view.within(look.count(view.by).saturating_sub(1));
            let recent = self.window.recent();
            let lines = screen(&self.shown(&look, recent.as_ref(), view, trouble.as_deref()), terminal.height());
            terminal.draw(&lines).map_err(failed)?;
            tokio::select! {
                Some(answered) = answers.recv() => match self.take(answered) {
                    Ok(next) => (look, trouble) = (next, None),
                    Err(sentence) => trouble = Some(sentence),
                },
                pressed = keys.recv() => match pressed.and_then(|pressed| view.after(pressed)) {
                    Some(next) => view = next,
                    None => return Ok(()),
                },
                () = &mut stop => return Ok(()),
            }
        }
    }

    fn shown<'l>(
        &'l self,
        look: &'l Look,
        recent: Option<&'l Recent>,
        view: View,
        trouble: Option<&'l str>,
    ) -> Shown<'l> {
        Shown { address: &self.place.address, look, recent, view, trouble }
    }
}
