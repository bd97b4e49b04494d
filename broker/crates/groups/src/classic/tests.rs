mod joining;
mod leaving;
mod static_members;
mod syncing;
