//! Properties that hold for any distances and any data.
