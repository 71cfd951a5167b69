use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;
use crate::discovery::testing::{MINUTE, NOW, key, record, record_at, resigned};

fn registry() -> (tempfile::TempDir, FileRegistry) {
    let directory = tempfile::tempdir().unwrap();
    let registry = FileRegistry::new(directory.path().join("peers"));
    (directory, registry)
}

#[tokio::test]
async fn what_one_host_writes_another_reads() {
    let (_directory, registry) = registry();
    assert_eq!(registry.scan().await.unwrap().records, []);
    let ((key, id), (other, _)) = (key(), key());
    registry.publish(&record(&key, &["/ip4/127.0.0.1/tcp/4001"])).await.unwrap();
    registry.publish(&record(&other, &[])).await.unwrap();
    let renewed = record_at(&key, 8, NOW);
    registry.publish(&renewed).await.unwrap();

    let scan = FileRegistry::new(&*registry.directory).scan().await.unwrap();
    assert_eq!((scan.records.len(), scan.bad.len(), scan.truncated), (2, 0, false));
    assert!(scan.records.contains(&renewed));
    let files: Vec<_> = fs::read_dir(&registry.directory).unwrap().map(|entry| entry.unwrap()).collect();
    assert_eq!(files.len(), 2, "no temporary file is left");
    assert!(files.iter().all(|file| file.metadata().unwrap().permissions().mode() & 0o777 == 0o600));

    assert!(registry.withdraw(&id).await.unwrap());
    assert!(!registry.withdraw(&id).await.unwrap());
    assert_eq!(registry.scan().await.unwrap().records.len(), 1);
}

#[tokio::test]
async fn a_temporary_file_of_a_killed_host_is_no_obstacle() {
    let (_directory, registry) = registry();
    let (key, id) = key();
    fs::create_dir(&registry.directory).unwrap();
    let left = File::create(registry.directory.join(format!(".{id}.json.x.tandem-tmp"))).unwrap();
    left.set_modified(std::time::SystemTime::now() - 2 * tandem_files::ABANDONED).unwrap();
    registry.publish(&record(&key, &[])).await.unwrap();
    assert_eq!(fs::read_dir(&registry.directory).unwrap().count(), 1);
}

#[tokio::test]
async fn bad_files_are_reported_and_hide_no_good_one() {
    let (_directory, registry) = registry();
    let ((key, good), (attacker, _)) = (key(), key());
    registry.publish(&record(&key, &[])).await.unwrap();
    let write = |name: String, bytes: &[u8]| fs::write(registry.directory.join(name), bytes).unwrap();
    write("nonsense.json".into(), b"{");
    write("huge.json".into(), &vec![b'x'; 10 * MAX_RECORD]);
    write("binary.json".into(), &[0xff; 100]);
    // In the name of another host, and under its name.
    let (victim, victim_id) = crate::discovery::testing::key();
    let forged = resigned(&record(&victim, &[]), &attacker, |_| ());
    write(format!("{victim_id}.json"), &forged);
    write(format!("{}.json", PeerId::random()), record(&attacker, &[]).text().as_bytes());
    write("README".into(), b"not ours");
    fs::create_dir(registry.directory.join("directory.json")).unwrap();
    symlink(registry.directory.join(file_name(&good)), registry.directory.join("link.json")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        registry.directory.join("pipe.json"),
        rustix::fs::FileType::Fifo,
        Mode::RUSR | Mode::WUSR,
        0,
    )
    .unwrap();

    let scan = registry.scan().await.unwrap();
    assert_eq!(scan.records.iter().map(HostRecord::peer).collect::<Vec<_>>(), [good]);
    assert_eq!(scan.bad.len(), 8, "{:?}", scan.bad);
    let bad = |name: &str| scan.bad.iter().find(|(bad, _)| bad == name).map(|(_, why)| why).unwrap();
    assert!(matches!(bad("nonsense.json"), BadFile::Record(RecordError::Form(_))));
    assert!(matches!(bad("huge.json"), BadFile::Record(RecordError::TooLarge)));
    assert!(matches!(bad("directory.json"), BadFile::NotRegular));
    assert!(matches!(bad("pipe.json"), BadFile::NotRegular));
    assert!(matches!(bad("link.json"), BadFile::Io(_)));
    assert!(matches!(bad(&format!("{victim_id}.json")), BadFile::Record(RecordError::PeerMismatch { .. })));
    assert!(scan.bad.iter().any(|(_, why)| matches!(why, BadFile::WrongName(_))));
    // What is bad is not removed.
    registry.cleanup(Some(Duration::ZERO), false, NOW).await.unwrap();
    assert_eq!(registry.scan().await.unwrap().bad.len(), 8);
}

#[tokio::test]
async fn expired_records_are_removed_unless_it_is_a_dry_run() {
    let (_directory, registry) = registry();
    let ((old, old_id), (young, young_id)) = (key(), key());
    registry.publish(&record_at(&old, 1, NOW)).await.unwrap();
    registry.publish(&record_at(&young, 1, NOW.after(20 * MINUTE))).await.unwrap();
    let later = NOW.after(30 * MINUTE);
    let expected = Removed { removed: vec![old_id], kept: 1 };
    assert_eq!(registry.cleanup(None, true, later).await.unwrap(), expected);
    assert_eq!(registry.scan().await.unwrap().records.len(), 2);
    assert_eq!(registry.cleanup(None, false, later).await.unwrap(), expected);
    assert_eq!(registry.scan().await.unwrap().records.len(), 1);
    assert_eq!(registry.cleanup(Some(11 * MINUTE), false, later).await.unwrap(), Removed { removed: vec![], kept: 1 });
    let all = Removed { removed: vec![young_id], kept: 0 };
    assert_eq!(registry.cleanup(Some(10 * MINUTE), false, later).await.unwrap(), all);
}

#[tokio::test]
async fn more_files_than_the_bound_are_not_read() {
    let (_directory, registry) = registry();
    fs::create_dir(&registry.directory).unwrap();
    for index in 0..=MAX_FILES {
        fs::write(registry.directory.join(format!("{index}.json")), "{}").unwrap();
    }
    let scan = registry.scan().await.unwrap();
    assert_eq!((scan.bad.len(), scan.truncated), (MAX_FILES, true));
}

#[tokio::test]
async fn a_directory_that_is_none_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    fs::write(&path, "").unwrap();
    let registry = FileRegistry::new(&path);
    let error = registry.scan().await.unwrap_err().to_string();
    assert!(error.contains(path.to_str().unwrap()), "{error}");
    assert!(registry.publish(&record(&key().0, &[])).await.is_err());
}
