//! A plugin of the reactor lane that computes without end: the lane's ceiling stops it, and the network goes on meanwhile.

use std::hint;

use tandem_sdk::prelude::*;

#[derive(Debug)]
struct ReactorSpin;

#[tools]
impl ReactorSpin {
    /// Computes without end.
    #[tool(read_only)]
    fn reactor_spin() {
        loop {
            hint::spin_loop();
        }
    }
}

tandem_sdk::export!(ReactorSpin);
