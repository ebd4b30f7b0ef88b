//! Words that are names too: "Young", "Rice".

use super::super::words::listed;

/// Ordinary words that are names of many people too.
pub(in super::super) fn is_also_a_name(word: &str) -> bool {
    const SURNAMES: &str = "long young white black brown green gray grey king hope grace rose park parks \
         wood woods hill hall wells stone fields rivers banks brooks bush rice day may \
         strong love price best small little short good gold silver baker cook carter \
         taylor mason fisher hunter parker walker turner miller porter butler potter \
         shepherd bishop church cross field ford frost fox wolf bird swan lamb moon sun \
         snow summers winter winters spring north west east marsh lake waters pool cole \
         bell ball bond booth burns case chase chan drew english french german holland \
         joy june april august dawn summer autumn ivy lily ruby pearl jade amber crystal \
         violet olive hazel ginger faith art mark will bill rob frank pat sue drew chase \
         grant dean earl duke major page pace noble nice moody hardy power powers rush \
         sharp singer speed steel street sweet trout vance ward weeks wise wright york \
         curry battle blood bloom head foot hand nail shin skinner coffin graves gore \
         payne pain key keys rich poor goodman newman freeman person gentry law laws \
         judge justice pope prince knight abbott angel christian easter holiday lane \
         rhodes bridges pond read reed root";
    listed(SURNAMES, &word.to_lowercase())
}
