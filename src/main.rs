//! Runs the command line and exits with its code.

use std::process::ExitCode;

use tikv_jemallocator::Jemalloc;
use zeroizing_alloc::ZeroAlloc;

/// Memory that is given back is wiped: a gateway at rest holds nobody's address (Policy C8).
#[global_allocator]
static ALLOCATOR: ZeroAlloc<Jemalloc> = ZeroAlloc(Jemalloc);

fn main() -> ExitCode {
    bedel::cli::run()
}
