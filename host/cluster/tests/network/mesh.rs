//! Hosts that find each other.

use tandem_config::P2pConfig;

use crate::kit::{Host, config};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hosts_meet_at_a_rendezvous_point() {
    let mut point = config();
    point.discovery.rendezvous_server = true;
    let point = Host::start(&point).await;
    let member = || -> P2pConfig {
        let mut member = config();
        member.discovery.rendezvous = vec![point.address().to_string().parse().unwrap()];
        member
    };
    let hosts = [Host::start(&member()).await, Host::start(&member()).await, Host::start(&member()).await];
    for here in &hosts {
        for there in &hosts {
            if here.peer != there.peer {
                here.meets(&there.peer).await;
            }
        }
    }
    let heard = futures::future::join_all(hosts.iter().map(|host| hosts[0].knows(&host.peer))).await;
    let heard: Vec<_> = heard.into_iter().flatten().map(|known| known["source"].clone()).collect();
    assert_eq!(heard.len(), 2, "a host does not know itself");
}
