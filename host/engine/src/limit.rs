//! The limits that stop or refuse a call, by name.

use std::fmt;

macro_rules! limits {
    ($($variant:ident $name:literal)*) => {
        /// A limit of a call, or a total of its tenant.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the names are those of settings, metrics and errors")]
        pub enum Limit {
            $($variant,)*
        }

        impl Limit {
            /// The name in errors, metrics and audit records.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

limits! {
    Concurrency "concurrency"
    Cpu "cpu"
    Deadline "deadline"
    Depth "depth"
    Instances "instances"
    Memory "memory"
    OpenFiles "open-files"
    Output "output"
    Queue "queue"
    Requests "requests"
    Resources "resources"
    Subscriptions "subscriptions"
    Work "work"
    TenantConcurrency "tenant-concurrency"
    TenantCpu "tenant-cpu"
    TenantEgress "tenant-egress"
    TenantLog "tenant-log"
    TenantMemory "tenant-memory"
    TenantOpenFiles "tenant-open-files"
    TenantRate "tenant-rate"
    TenantRequests "tenant-requests"
    TenantWork "tenant-work"
}

impl Limit {
    /// Whether it is a tenant's, over all of its calls.
    #[must_use]
    pub fn is_of_tenant(self) -> bool {
        matches!(
            self,
            Self::TenantConcurrency
                | Self::TenantCpu
                | Self::TenantEgress
                | Self::TenantLog
                | Self::TenantMemory
                | Self::TenantOpenFiles
                | Self::TenantRate
                | Self::TenantRequests
                | Self::TenantWork
        )
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
