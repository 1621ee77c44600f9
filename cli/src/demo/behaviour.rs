//! How a demo server behaves: one notation for the command line, the control port and what it reports.

use axum::http::StatusCode;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

const DELAY: Duration = Duration::from_secs(5);

/// What a demo server does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// Answers, or says `status` as its API says it.
    Answer {
        status: Option<StatusCode>,
        /// Seconds for the header `retry-after`.
        retry_after: Option<u32>,
        /// No request is left of the rate limit for so many seconds, says a header.
        exhausted: Option<u32>,
    },
    /// Accepts no connection, and breaks those there are.
    Refuse,
    /// Breaks the connection when the request is complete.
    Reset,
    /// Breaks the connection when the request's body has begun.
    ResetMidBody,
    /// Never answers. Who still waits when the behaviour changes loses the connection.
    Hang,
    /// Answers, but this much later.
    SlowFirstByte(Duration),
    /// Breaks the connection after the first event of a stream, or half of another body.
    DieMidStream,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self::OK
    }
}

impl Behaviour {
    const OK: Self = Self::Answer { status: None, retry_after: None, exhausted: None };

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "ok" => Self::OK,
            "refuse" => Self::Refuse,
            "reset" => Self::Reset,
            "resetMidBody" => Self::ResetMidBody,
            "hang" => Self::Hang,
            "slowFirstByte" => Self::SlowFirstByte(DELAY),
            "dieMidStream" => Self::DieMidStream,
            _ => {
                let status = StatusCode::from_u16(name.parse().ok()?).ok()?;
                let is_error = status.is_client_error() || status.is_server_error();
                return is_error.then_some(Self::Answer { status: Some(status), retry_after: None, exhausted: None });
            }
        })
    }

    /// Without what belongs to it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Answer { status: Some(status), .. } => status.as_u16().to_string(),
            Self::Answer { status: None, .. } => "ok".to_owned(),
            Self::Refuse => "refuse".to_owned(),
            Self::Reset => "reset".to_owned(),
            Self::ResetMidBody => "resetMidBody".to_owned(),
            Self::Hang => "hang".to_owned(),
            Self::SlowFirstByte(_) => "slowFirstByte".to_owned(),
            Self::DieMidStream => "dieMidStream".to_owned(),
        }
    }

    fn set(&mut self, name: &str, number: u32) -> Result<(), String> {
        match (self, name) {
            (Self::Answer { status: Some(_), retry_after, .. }, "retryAfter") => *retry_after = Some(number),
            (Self::Answer { exhausted, .. }, "exhausted") => *exhausted = Some(number),
            (Self::SlowFirstByte(delay), "delayMs") => *delay = Duration::from_millis(number.into()),
            (behaviour, _) => return Err(format!("`{}` has no `{name}`", behaviour.name())),
        }
        Ok(())
    }
}

/// As `ok`, `hang`, `429,retryAfter=30` or `slowFirstByte,delayMs=800`.
impl FromStr for Behaviour {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.trim().split(',').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let mut behaviour = Self::named(name).ok_or_else(|| {
            format!(
                "`{name}` is not a behaviour: expected ok, refuse, reset, resetMidBody, hang, slowFirstByte, \
                 dieMidStream or an error status"
            )
        })?;
        for part in parts {
            let (name, number) = part.split_once('=').ok_or_else(|| format!("`{part}`: expected NAME=NUMBER"))?;
            let number = number.parse().map_err(|_| format!("`{part}`: `{number}` is not a whole number"))?;
            behaviour.set(name, number)?;
        }
        Ok(behaviour)
    }
}

impl fmt::Display for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())?;
        match self {
            Self::Answer { retry_after, exhausted, .. } => {
                retry_after.iter().try_for_each(|seconds| write!(f, ",retryAfter={seconds}"))?;
                exhausted.iter().try_for_each(|seconds| write!(f, ",exhausted={seconds}"))
            }
            Self::SlowFirstByte(delay) => write!(f, ",delayMs={}", delay.as_millis()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_the_same() {
        for text in [
            "ok",
            "ok,exhausted=5",
            "refuse",
            "reset",
            "resetMidBody",
            "hang",
            "slowFirstByte,delayMs=800",
            "dieMidStream",
            "529",
            "429,retryAfter=30,exhausted=60",
        ] {
            assert_eq!(text.parse::<Behaviour>().map(|behaviour| behaviour.to_string()), Ok(text.to_owned()));
        }
        assert_eq!(" 429, retryAfter=3\n".parse::<Behaviour>().unwrap().to_string(), "429,retryAfter=3");
        assert_eq!("slowFirstByte".parse::<Behaviour>().unwrap().to_string(), "slowFirstByte,delayMs=5000");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let refused = |text: &str, why: &str| assert_eq!(text.parse::<Behaviour>().unwrap_err(), why);
        for text in ["", "OK", "200", "302", "600", "99"] {
            refused(
                text,
                &format!(
                    "`{text}` is not a behaviour: expected ok, refuse, reset, resetMidBody, hang, slowFirstByte, \
                     dieMidStream or an error status"
                ),
            );
        }
        refused("503,retryAfter", "`retryAfter`: expected NAME=NUMBER");
        refused("503,retryAfter=-1", "`retryAfter=-1`: `-1` is not a whole number");
        refused("ok,retryAfter=1", "`ok` has no `retryAfter`");
        refused("hang,delayMs=1", "`hang` has no `delayMs`");
    }
}
