use tandem_config::HostConfig;

use super::*;
use crate::finding::Severity;

fn home() -> (tempfile::TempDir, HostConfig) {
    let home = tempfile::tempdir().unwrap();
    let mut config = HostConfig::default();
    config.plugins.data_directory = home.path().join("data").display().to_string();
    config.plugins.directory = home.path().join("plugins").display().to_string();
    (home, config)
}

fn of<'a>(findings: &'a [Finding], about: &str) -> &'a Finding {
    findings.iter().find(|finding| finding.about == about).unwrap_or_else(|| panic!("{about}: {findings:?}"))
}

fn looked(config: &HostConfig) -> Vec<Finding> {
    let mut findings = Vec::new();
    check(config, &mut findings);
    findings
}

fn remedy(finding: &Finding) -> &str {
    finding.remedy.as_deref().unwrap_or_default()
}

#[test]
fn directories_are_looked_at() {
    let (home, config) = home();
    let findings = looked(&config);
    let plugins = of(&findings, "plugin directory");
    assert!(plugins.state == Severity::Problem && remedy(plugins).contains("plugins.directory"), "{plugins:?}");
    assert!(of(&findings, "store").seen.contains("first start"), "{findings:?}");
    std::fs::create_dir(home.path().join("plugins")).unwrap();
    let findings = looked(&config);
    let plugins = of(&findings, "plugin directory");
    assert!(plugins.state == Severity::Warning && remedy(plugins).contains("make plugins"), "{plugins:?}");
    std::fs::write(home.path().join("plugins/a.wasm"), "").unwrap();
    assert_eq!(of(&looked(&config), "plugin directory").state, Severity::Ok);
}

#[test]
fn little_room_is_a_warning_and_less_a_problem() {
    for (free, state) in [(ROOM[0], Severity::Ok), (ROOM[0] - 1, Severity::Warning), (ROOM[1] - 1, Severity::Problem)] {
        let finding = room(free, Path::new("/data"));
        assert_eq!(finding.state, state, "{free}: {finding:?}");
        assert_eq!(remedy(&finding).contains("free disk space"), state != Severity::Ok, "{finding:?}");
    }
}

#[test]
fn a_configuration_that_may_open_more_files_than_there_are_is_told() {
    let (_home, mut config) = home();
    assert_eq!(files(&config).about, "open files");
    config.server.connection_limit = u32::MAX;
    let finding = files(&config);
    // A machine without a limit has none that is too low.
    if getrlimit(Resource::Nofile).maximum.is_some() {
        assert!(finding.state == Severity::Warning && remedy(&finding).contains("LimitNOFILE"), "{finding:?}");
    }
}

#[test]
fn a_store_that_is_not_to_be_written_is_a_problem() {
    let (home, config) = home();
    // A directory is no store, whoever one is.
    std::fs::create_dir_all(home.path().join("data/tandem.db")).unwrap();
    let finding = store(&config);
    assert!(finding.state == Severity::Problem && remedy(&finding).contains("the host's user"), "{finding:?}");
}

#[test]
fn a_clock_before_what_was_written_is_a_problem() {
    let (home, config) = home();
    std::fs::create_dir_all(home.path().join("data")).unwrap();
    let file = std::fs::File::create(home.path().join("data/x")).unwrap();
    assert_eq!(clock(&config).state, Severity::Ok);
    file.set_modified(SystemTime::now() + SKEW * 2).unwrap();
    let finding = clock(&config);
    assert!(finding.state == Severity::Problem && finding.seen.contains("last written"), "{finding:?}");
}

#[tokio::test]
async fn a_note_of_lost_records_that_is_not_the_hosts_is_a_problem() {
    let (_home, config) = home();
    let path = config::store_path(&config);
    drop(tandem_store::Store::open(&path).unwrap());
    assert!(lost_records(&config).is_none());
    std::fs::write(path.with_file_name("audit.gap"), [7; 56]).unwrap();
    let finding = lost_records(&config).unwrap();
    assert!(finding.state == Severity::Problem && finding.seen.contains("did not write it"), "{finding:?}");
}
