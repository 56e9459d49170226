//! Buoys and their lights.

use std::collections::HashMap;
use std::fmt;

pub const MOST: usize = 32;
static NAMES: &[&str] = &["red", "green"];

pub type Lights = HashMap<String, Light>;

/// The light of a buoy.
#[derive(Debug, Clone)]
#[repr(u8)]
pub enum Light {
    Off,
    Blinking { period_ms: u32 },
}

pub struct Buoy<T> {
    pub name: String,
    load: T,
}

struct Unit;

/// What can be moored.
pub trait Moored {
    const WEIGHT: u32;
    type Chain;

    fn chain(&self) -> &Self::Chain;
    fn weight(&self) -> u32 {
        Self::WEIGHT
    }
}

impl<T> Buoy<T>
where
    T: Clone,
{
    /// Makes one.
    #[must_use]
    pub fn new(name: &str, load: T) -> Self {
        fn clean(name: &str) -> String {
            name.trim().to_string()
        }
        Buoy { name: clean(name), load }
    }

    async fn drift(&mut self, by: (f32, f32)) {}
}

impl<T> fmt::Display for Buoy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)
    }
}

macro_rules! buoy {
    ($name:expr) => {
        Buoy::new($name, ())
    };
}

mod chart;

pub(crate) mod tests {
    use super::*;

    #[test]
    fn blinks() {
        assert!(MOST > 1);
    }
}

extern "C" {
    fn horn(times: i32) -> i32;
}
