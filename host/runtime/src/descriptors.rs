//! What the process may have open, and how it is shared out: half for guests, a quarter at most for clients' connections, and
//! the rest for the host itself (listeners, the store, plugins, peers). So neither guests nor clients can shut the others out.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How many descriptors the process may have open.
#[derive(Clone, Copy, Debug)]
pub struct Descriptors(u32);

impl Descriptors {
    /// What the machine lets this user have: the hard limit.
    #[must_use]
    pub fn available() -> Self {
        Self::of(getrlimit(Resource::Nofile).maximum)
    }

    /// Raises the soft limit to the hard one. The soft one is low for programs that put descriptors into sets of bits,
    /// which this one does not.
    pub fn raise() {
        let limit = getrlimit(Resource::Nofile);
        if limit.current != limit.maximum
            && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })
        {
            tracing::warn!(%error, "open files: cannot raise the limit");
        }
    }

    /// The soft limit, which holds now.
    pub(crate) fn current() -> Self {
        Self::of(getrlimit(Resource::Nofile).current)
    }

    fn of(limit: Option<u64>) -> Self {
        Self(limit.map_or(u32::MAX, |limit| u32::try_from(limit).unwrap_or(u32::MAX)))
    }

    /// For all guests together.
    #[must_use]
    pub fn for_guests(self) -> u32 {
        self.0 / 2
    }

    /// For the guests of one tenant, unless its table says otherwise.
    #[must_use]
    pub fn for_tenant(self) -> u32 {
        self.0 / 4
    }

    /// For clients' connections, of which there may be `wanted`.
    #[must_use]
    pub fn for_connections(self, wanted: u32) -> u32 {
        let most = (self.0 / 4).max(1);
        if wanted > most {
            tracing::warn!(
                limit = self.0,
                "at most {most} of {wanted} connections: raise the limit of open files (`ulimit -Hn`, LimitNOFILE), or lower server.connection-limit"
            );
        }
        wanted.min(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_and_clients_leave_some_to_the_host() {
        for limit in [64, 256, 1024, 65_536, u32::MAX] {
            let all = Descriptors(limit);
            let taken = u64::from(all.for_guests()) + u64::from(all.for_connections(u32::MAX));
            assert!(taken <= u64::from(limit) * 3 / 4, "{limit}");
            assert!(all.for_tenant() <= all.for_guests().div_ceil(2), "{limit}");
        }
        assert_eq!(Descriptors(1024).for_connections(100), 100);
    }
}
