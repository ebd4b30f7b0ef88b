//! The detector of docs/adding-detectors.md, as it stands there.

use std::{sync::Arc, time::Duration};

use deid_gateway::{
    deidentify::{
        detector::{Composite, DetectError, Detector},
        entity::{Detection, Label, Span},
    },
    phi::PhiText,
};
use futures_util::future::{BoxFuture, FutureExt, ready};

/// Finds the clinic's wards, which are named after trees.
struct Wards(Vec<&'static str>);

impl Detector for Wards {
    fn name(&self) -> &str {
        "wards"
    }

    fn detect(
        &self,
        texts: Arc<[PhiText]>,
    ) -> BoxFuture<'_, Result<Vec<Vec<Detection>>, DetectError>> {
        let find = |text: &PhiText| {
            let lower = text.expose_phi().to_ascii_lowercase();
            let of_one = |ward: &&str| {
                let found: Vec<_> = lower.match_indices(*ward).collect();
                found.into_iter().map(|(start, ward)| Detection {
                    label: Label::Location,
                    // Offsets are bytes of the text, on character boundaries.
                    span: Span::new(start, start + ward.len()),
                    score: 0.9,
                    detector: Arc::from("wards"),
                })
            };
            self.0.iter().flat_map(of_one).collect()
        };
        // One answer for every text, in order: a shorter one fails the request.
        ready(Ok(texts.iter().map(find).collect())).boxed()
    }
}

#[test]
fn the_example_finds_what_it_says() {
    let wards: Arc<dyn Detector> = Arc::new(Wards(vec!["larkspur ward", "oak ward"]));
    let all = Composite::new(vec![wards], Duration::from_secs(60));
    let texts: Arc<[PhiText]> =
        vec![PhiText::new("naïve: moved to Oak Ward"), PhiText::new("home")].into();
    let found = actix_rt::System::new().block_on(all.detect(texts)).unwrap();
    assert_eq!(found[0].len(), 1);
    assert_eq!(found[0][0].span.of("naïve: moved to Oak Ward"), Some("Oak Ward"));
    assert!(found[1].is_empty());
}

#[test]
fn the_page_shows_this_code() {
    let page = include_str!("../../docs/adding-detectors.md");
    let code = page.split("```rust\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(
        include_str!("worked_example.rs").contains(code),
        "docs/adding-detectors.md shows other code"
    );
}
