import ArgumentParser
import Training

struct RecipeList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recipes", abstract: "List the recipes that `lockstep train` knows.")

  func run() throws {
    alone {
      for recipe in Recipes.all {
        print("\(recipe.name)\n    \(recipe.title)\n    \(recipe.about)")
      }
    }
  }
}
