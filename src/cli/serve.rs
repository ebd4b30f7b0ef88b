//! `deid-gateway serve`

use std::{path::Path, sync::Arc};

use clap::Args;

use super::CliResult;
use crate::{
    logging, memory, server,
    settings::{self, Overrides},
};

/// Options that go over the settings.
#[derive(Args)]
pub(super) struct Serve {
    /// Address to listen on, over `server.host`
    #[arg(long)]
    host: Option<String>,
    /// Port to listen on, over `server.port`; 0 takes a free one and logs it
    #[arg(long)]
    port: Option<u16>,
}

impl Serve {
    pub(super) fn run(self, file: Option<&Path>) -> CliResult {
        let overrides = Overrides { host: self.host, port: self.port };
        let settings = settings::load(file, &overrides)?;
        logging::start(settings.log);
        memory::forbid_dumps()?;
        let file = file.map(Path::to_path_buf);
        let reload = Arc::new(move || settings::load(file.as_deref(), &overrides));
        Ok(actix_rt::System::new().block_on(server::serve(settings, reload))?)
    }
}
