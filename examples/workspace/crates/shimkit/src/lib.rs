#![doc = include_str!("../README.md")]

pub mod bundle;
pub mod cli;
mod json;
pub mod task;
