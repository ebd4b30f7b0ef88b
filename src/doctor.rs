//! `deid-gateway doctor`: this very configuration as a gateway on loopback, a stand-in for the
//! upstream that remembers what it is sent, and synthetic PHI through every endpoint, every field and
//! every cut of a stream.

mod client;
mod installation;
mod probe;
mod report;
mod standin;
mod streams;

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use tokio::sync::oneshot;

pub use self::report::{Check, Outcome, Report};
use self::{client::Caller, standin::StandIn};
use crate::{
    server,
    settings::{KeyHash, Secret, Settings},
};

/// How long the models may take to load and warm up.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often the gateway is asked whether it is ready.
const INTERVAL: Duration = Duration::from_millis(50);

/// Examines the configuration. `note` is told what is being done.
pub async fn examine(settings: Settings, note: &dyn Fn(&str)) -> Report {
    let mut report = Report::new(&settings);
    note("installation");
    installation::check(&settings, &mut report).await;
    note("starting the gateway");
    // What the examined gateway keeps goes with it.
    let folder = std::env::temp_dir().join(format!("deid-doctor-{:032x}", rand::random::<u128>()));
    match start(&settings, &folder).await {
        Err(reason) => report.add("gateway", "starts and becomes ready", Outcome::Failed, reason),
        Ok((caller, standin)) => {
            report.add("gateway", "starts and becomes ready", Outcome::Passed, String::new());
            probe::every_field(&caller, &standin, &settings, &mut report, note).await;
            streams::every_cut(&caller, &standin, &mut report, note).await;
        }
    }
    if folder.exists() && std::fs::remove_dir_all(&folder).is_err() {
        let detail = format!("{} stays; it holds no text", folder.display());
        report.add("gateway", "is cleared away", Outcome::Warning, detail);
    }
    report
}

/// The gateway as it would serve, but on loopback, with a key for this once and the stand-in as its
/// upstream.
async fn start(settings: &Settings, folder: &Path) -> Result<(Caller, StandIn), String> {
    let standin = StandIn::start().map_err(|error| format!("the stand-in: {error}"))?;
    let key = format!("dg_doctor_{:032x}", rand::random::<u128>());
    let mut own = settings.clone();
    own.server.host = "127.0.0.1".to_owned();
    own.server.port = 0;
    own.server.workers = 1;
    own.server.tls = None;
    std::fs::create_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    own.store.url = Secret::new(format!("sqlite://{}", folder.join("gateway.db").display()));
    own.audit.path = folder.join("audit.jsonl");
    own.upstream.base_url = standin.base_url();
    own.upstream.api_key = Some(Secret::new("sk-doctor"));
    own.keys.required = true;
    own.keys.accepted = vec![KeyHash::of(&key)];
    let (bound, address) = oneshot::channel::<SocketAddr>();
    let again = own.clone();
    let reload: server::Reload = Arc::new(move || Ok(again.clone()));
    let serving = actix_rt::spawn(server::serve_and_tell(own, reload, |addresses| {
        if let Some(first) = addresses.first() {
            let _ = bound.send(*first);
        }
    }));
    let Ok(address) = address.await else {
        let ended = serving.await.map_err(|_| "the gateway broke".to_owned())?;
        return Err(ended.err().map_or_else(|| "it ended".to_owned(), |error| error.to_string()));
    };
    let caller = Caller::new(address, key);
    let ready = async {
        while caller.get("/readyz").await != Some(200) {
            tokio::time::sleep(INTERVAL).await;
        }
    };
    tokio::time::timeout(PATIENCE, ready)
        .await
        .map_err(|_| "it did not become ready: a model does not load or warm up".to_owned())?;
    Ok((caller, standin))
}
