extension Datasets {
  /// Whether the samples of a source are made in the size that a request asks for, as pottery and windows of
  /// text are, not read in that of files. A file that is not there goes by its name.
  package static func isMadeToSize(_ source: String) -> Bool {
    if source == "pottery" { return true }
    let path = FilePath(source)
    if let listing = try? FolderListing(path) { return isText(listing) }
    return TextWindows.isText(path.name)
  }

  /// Whether all that lies in a folder is text: beside anything else it may be captions of images, or a licence.
  static func isText(_ listing: FolderListing) -> Bool {
    !listing.entries.isEmpty
      && listing.entries.allSatisfy { $0.kind != .folder && TextWindows.isText($0.name) }
  }
}
