//! The host's key, which is its name among peers. Made at the first start and kept, so that others find the same host again.

use std::{os::unix::fs::PermissionsExt as _, path::Path};

use libp2p::identity::Keypair;

use crate::error::NetworkError;

/// The largest key that is read: one of RSA with 4096 bits has less than 3 KiB.
const MAX_KEY: u64 = 16 << 10;

/// Reads the key, or makes it: ed25519, protobuf-encoded (libp2p peer-ids spec), mode 0600.
///
/// # Errors
///
/// When the file is not readable, is not a key, or others may read it.
pub(super) fn open(path: &Path) -> Result<Keypair, NetworkError> {
    let fail = |what, error: &dyn std::fmt::Display| NetworkError::Key {
        what,
        path: path.to_owned(),
        reason: error.to_string(),
    };
    match tandem_files::read_regular(path, MAX_KEY) {
        Ok(bytes) => {
            let mode = std::fs::metadata(path).map_err(|error| fail("cannot look at", &error))?.permissions().mode();
            if mode & 0o077 != 0 {
                return Err(NetworkError::KeyIsReadable(path.to_owned()));
            }
            Keypair::from_protobuf_encoding(&bytes).map_err(|error| fail("this is not a key of a peer:", &error))
        }
        Err(error) if error.is_not_found() => {
            let key = Keypair::generate_ed25519();
            let bytes = key.to_protobuf_encoding().map_err(|error| fail("cannot encode the key for", &error))?;
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent).map_err(|error| fail("cannot make the directory of", &error))?;
            }
            // Never over another's: two hosts that start at once must not both believe in their own.
            let staged = tandem_files::Staged::new(path, &bytes, 0o600);
            staged.and_then(tandem_files::Staged::put_new).map_err(|error| fail("cannot make", &error))?;
            Ok(key)
        }
        Err(error) => Err(fail("cannot read", &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stays_and_is_nobody_elses() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sub/peer.key");
        let first = open(&path).unwrap().public().to_peer_id();
        assert_eq!(open(&path).unwrap().public().to_peer_id(), first);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(open(&path).unwrap_err().to_string().contains("chmod 600"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, b"no key").unwrap();
        assert!(open(&path).unwrap_err().to_string().contains("not a key"));
    }
}
